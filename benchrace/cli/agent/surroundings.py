"""Checks of what a machine offers beside benchrace: containers, drivers, file systems, clocks.

None of them is required: each says what works without it.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchrace.cli.output.checks import Check
from benchrace.errors import BenchraceError

if TYPE_CHECKING:
    from benchrace.telemetry.environment import Power
    from benchrace.telemetry.hardware import Gpu, Hardware

_RUNTIMES = ("docker", "podman")
_CALL_S = 15.0
_CDI = (Path("/etc/cdi"), Path("/var/run/cdi"))
_MAX_OFFSET_S = 1.0


def machine() -> Iterator[Check]:
    """Check containers, GPU drivers, virtualisation and power. Blocks for up to some seconds."""
    from benchrace.telemetry.detection import detect
    from benchrace.telemetry.inspection import environment
    from benchrace.telemetry.machine_root import Root

    root = Root.live()
    hardware = detect(root)
    around = environment(root, hardware)
    runtime = _runtime()
    yield _container(runtime)
    yield _gpu_in_container(runtime, hardware.gpus)
    yield _drivers(hardware.gpus)
    yield _nfs()
    yield _virtualisation(hardware, around.container_runtime)
    yield _power(around.power)


def keep_awake() -> Check:
    """Check whether the machine can be kept awake while it measures, by doing it for a moment."""
    import anyio

    from benchrace.agent.jobs.keep_awake import commands, works

    name = "keep awake"
    if not commands():
        return _optional(
            name,
            "cannot be kept awake: neither logind nor caffeinate is available",
            "Switch off suspend while you measure.",
        )
    if (program := anyio.run(works)) is None:
        return _optional(
            name,
            "logind refuses to keep the machine awake",
            "Switch off suspend while you measure, or allow "
            "org.freedesktop.login1.inhibit-block-sleep with a polkit rule.",
        )
    return _optional(name, f"with {program}")


def clock_offset(central: str | None, token: str | None) -> Check:
    """Compare the wall clock with central's; the error is at most half the round trip."""
    from benchrace.cli.connect.client import Client

    name = "clock"
    if central is None:
        return _optional(name, "not compared (standalone)")
    try:
        with Client(central, token) as client:
            client.get("/health")
            began = time.time()
            theirs = client.get("/health").get("timestamp_s")
            ended = time.time()
    except BenchraceError as error:
        return _optional(name, f"not compared: {error.message}")
    if not isinstance(theirs, int | float):
        return _optional(name, "not compared: central has an older version")
    offset, error_s = theirs - (began + ended) / 2, (ended - began) / 2
    words = f"central's clock is {offset:+.3f} s from this one (± {error_s:.3f} s)"
    if abs(offset) - error_s <= _MAX_OFFSET_S:
        return _optional(name, words)
    return _optional(
        name,
        words,
        "Synchronise the clocks of both machines, for example with NTP: measured times are right, "
        "but dates in the log are not.",
    )


def _runtime() -> tuple[str, str | None] | None:
    """Return the container runtime and its version, null where it does not answer."""
    silent = None
    for name in _RUNTIMES:
        if shutil.which(name) is None:
            continue
        version = _output(name, "version", "--format", "{{.Server.Version}}")
        if version:
            return name, version
        silent = silent or (name, None)
    return silent


def _container(runtime: tuple[str, str | None] | None) -> Check:
    name = "containers"
    match runtime:
        case None:
            return _optional(
                name, "no docker or podman", "Install one to run engines in containers."
            )
        case (program, None):
            return _optional(
                name,
                f"{program} does not answer",
                f"Start it, and check with `{program} info` that this user may use it.",
            )
        case (program, version):
            return _optional(name, f"{program} {version}")


def _gpu_in_container(runtime: tuple[str, str | None] | None, gpus: "tuple[Gpu, ...]") -> Check:
    name = "GPU in containers"
    if not gpus:
        return _optional(name, "not checked: no GPU")
    if runtime is None or runtime[1] is None:
        return _optional(name, "not checked: no container runtime")
    if not any(gpu.kind == "nvidia" for gpu in gpus):
        devices = [path for path in ("/dev/kfd", "/dev/dri") if Path(path).exists()]
        return _optional(name, f"pass the devices {', '.join(devices) or '(none found)'}")
    specs = [str(path) for folder in _CDI for path in sorted(folder.glob("*nvidia*"))]
    if specs:
        return _optional(name, f"device specification {specs[0]}")
    if "nvidia" in _output(runtime[0], "info", "--format", "{{json .Runtimes}}"):
        return _optional(name, f"{runtime[0]} has the runtime nvidia")
    return _optional(
        name,
        "containers cannot use the GPU",
        "Install nvidia-container-toolkit, then: sudo nvidia-ctk cdi generate "
        "--output=/etc/cdi/nvidia.yaml",
    )


def _drivers(gpus: "tuple[Gpu, ...]") -> Check:
    name = "drivers"
    if not gpus:
        return _optional(name, "no GPU found")
    silent = [gpu.name or gpu.vendor for gpu in gpus if not gpu.ready]
    if silent:
        return _optional(
            name,
            f"no compute driver answers for {', '.join(silent)}",
            "Install or load the GPU's compute driver; without it only the processor is measured.",
        )
    listed = dict.fromkeys(
        f"{gpu.name or gpu.vendor} ({gpu.driver_version or 'unknown version'})" for gpu in gpus
    )
    return _optional(name, ", ".join(listed))


def _nfs() -> Check:
    tool = "mount_nfs" if sys.platform == "darwin" else "mount.nfs"
    path = shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin")
    if path is not None:
        return _optional("NFS", path)
    return _optional(
        "NFS", f"{tool} not found", "Install nfs-common (Debian) or nfs-utils to mount models."
    )


def _virtualisation(hardware: "Hardware", container: str | None) -> Check:
    below = hardware.virtualisation
    words = [] if below is None else [f"hypervisor: {below.value}"]
    words.append(f"container: {container or 'none'}")
    return _optional("virtualisation", ", ".join(words))


def _power(power: "Power") -> Check:
    settings = {
        "governor": power.governor,
        "driver": power.driver,
        "preference": power.preference,
        "profile": power.profile,
        "turbo": None if power.turbo is None else ("on" if power.turbo else "off"),
        "source": "battery" if power.on_battery else power.source,
    }
    words = [f"{name} {value}" for name, value in settings.items() if value is not None]
    return _optional("power", ", ".join(words) or "unknown")


def _optional(name: str, value: str, remedy: str | None = None) -> Check:
    return Check(name=name, value=value, remedy=remedy, required=False)


def _output(*command: str) -> str:
    """Return what a program prints, "" where it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CALL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
