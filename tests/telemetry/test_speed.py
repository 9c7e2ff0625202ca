"""Telemetry is cheap to import, and a look at this machine is quick."""

import subprocess
import sys
import time

import msgspec

from benchrace.telemetry.detection import detect
from benchrace.telemetry.hardware import AcceleratorType
from benchrace.telemetry.inspection import environment
from benchrace.telemetry.machine_root import Root

LIMIT_S = 0.3


def test_importing_it_loads_neither_psutil_nor_nvml() -> None:
    code = (
        "import sys, benchrace.telemetry.environment, benchrace.telemetry.sampler\n"
        "print([name for name in ('psutil', 'pynvml', 'anyio') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_a_look_at_this_machine_is_quick() -> None:
    root = Root.live()
    hardware = detect(root)
    took: list[float] = []
    for _ in range(3):
        started = time.process_time()
        environment(root, detect(root))
        took.append(time.process_time() - started)
    # Opening a GPU's driver, and a Mac's profiler, take what they take.
    if hardware.accelerator_type is AcceleratorType.CPU:
        assert min(took) < LIMIT_S
    assert msgspec.json.decode(msgspec.json.encode(hardware), type=type(hardware)) == hardware
    assert detect(root) == hardware
