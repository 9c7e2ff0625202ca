"""NVML is called as its interface demands, and its errors become ours."""

import importlib
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from benchrace.telemetry.gpu.nvml import (
    LiveNvml,
    NumberQuestion,
    NvmlCode,
    NvmlFault,
    TextQuestion,
)


class Trouble(Exception):
    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value


def refuse(value: int) -> Any:
    def call(*_: object) -> Any:
        raise Trouble(value)

    return call


def library(**changed: Any) -> SimpleNamespace:
    """Answer as pynvml does for one GPU."""
    functions: dict[str, Any] = {
        "NVMLError": Trouble,
        "NVML_ERROR_NOT_SUPPORTED": 3,
        "NVML_ERROR_GPU_IS_LOST": 15,
        "NVML_ERROR_DRIVER_NOT_LOADED": 9,
        "NVML_TEMPERATURE_GPU": 0,
        "NVML_CLOCK_SM": 1,
        "NVML_CLOCK_MEM": 2,
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: b"550.90",
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: f"handle {index}",
        "nvmlDeviceGetName": lambda handle: f"GPU of {handle}",
        "nvmlDeviceGetUUID": lambda handle: "GPU-1",
        "nvmlDeviceGetCudaComputeCapability": lambda handle: (8, 9),
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=100, used=40),
        "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=37, memory=5),
        "nvmlDeviceGetPowerUsage": lambda handle: 1500,
        "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 350_000,
        "nvmlDeviceGetTemperature": lambda handle, sensor: 61 + sensor,
        "nvmlDeviceGetClockInfo": lambda handle, clock: 1000 * clock,
        "nvmlDeviceGetCurrentClocksThrottleReasons": lambda handle: 4,
        "nvmlDeviceGetTotalEnergyConsumption": lambda handle: 999,
    }
    return SimpleNamespace(**{**functions, **changed})


def opened(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> LiveNvml:
    monkeypatch.setitem(sys.modules, "pynvml", library(**changed))
    nvml = LiveNvml()
    nvml.open()
    return nvml


def test_every_question_has_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = opened(monkeypatch)
    assert (nvml.driver(), nvml.count()) == ("550.90", 1)
    assert {question.value: nvml.text(0, question) for question in TextQuestion} == {
        "name": "GPU of handle 0",
        "uuid": "GPU-1",
        "compute_capability": "8.9",
    }
    assert {question.value: nvml.number(0, question) for question in NumberQuestion} == {
        "memory_total": 100,
        "memory_used": 40,
        "utilization": 37,
        "power_mw": 1500,
        "power_limit_mw": 350_000,
        "temperature_c": 61,
        "clock_sm_mhz": 1000,
        "clock_memory_mhz": 2000,
        "throttle_bits": 4,
        "energy_mj": 999,
    }


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (3, NvmlCode.NOT_SUPPORTED),
        (15, NvmlCode.GPU_IS_LOST),
        (999, NvmlCode.UNKNOWN),
    ],
)
def test_errors_are_told_apart(monkeypatch: pytest.MonkeyPatch, value: int, code: NvmlCode) -> None:
    nvml = opened(monkeypatch, nvmlDeviceGetPowerUsage=refuse(value))
    with pytest.raises(NvmlFault) as caught:
        nvml.number(0, NumberQuestion.POWER_MW)
    assert caught.value.code is code


def test_a_missing_value_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    unified = SimpleNamespace(total=None, used=None)
    nvml = opened(monkeypatch, nvmlDeviceGetMemoryInfo=lambda handle: unified)
    with pytest.raises(NvmlFault) as caught:
        nvml.number(0, NumberQuestion.MEMORY_TOTAL)
    assert caught.value.permanent


def test_nothing_is_asked_unopened_or_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = opened(monkeypatch, nvmlShutdown=refuse(15))
    nvml.close()
    nvml.close()
    for ask in (nvml.driver, nvml.count, lambda: nvml.text(0, TextQuestion.NAME)):
        with pytest.raises(NvmlFault) as caught:
            ask()
        assert caught.value.session_lost


def test_opening_fails_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NvmlFault) as caught:
        opened(monkeypatch, nvmlInit=refuse(9))
    assert caught.value.code is NvmlCode.DRIVER_NOT_LOADED
    assert caught.value.reason == "the NVIDIA driver is not loaded"


def test_the_installed_library_has_all_that_is_asked() -> None:
    pynvml = importlib.import_module("pynvml")
    assert [name for name in vars(library()) if not hasattr(pynvml, name)] == []
    codes = {code.value for code in NvmlCode}
    assert {name for name in codes if not hasattr(pynvml, f"NVML_ERROR_{name}")} == set()


def test_a_library_of_another_age_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = opened(monkeypatch, nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace())
    with pytest.raises(NvmlFault) as caught:
        nvml.number(0, NumberQuestion.MEMORY_USED)
    assert caught.value.code is NvmlCode.UNKNOWN


def test_where_nvml_is_not_installed_its_binding_is_not_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.setattr("ctypes.CDLL", absent)
    with pytest.raises(NvmlFault) as fault:
        LiveNvml().open()
    assert fault.value.code is NvmlCode.LIBRARY_NOT_FOUND
    assert "pynvml" not in sys.modules


def test_no_library_at_all_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(NvmlFault) as caught:
        LiveNvml().open()
    assert caught.value.code is NvmlCode.LIBRARY_NOT_FOUND
