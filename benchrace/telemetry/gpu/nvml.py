"""Queries to NVML, one at a time, so that a recording can answer them as well."""

import importlib
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol


class NvmlCode(StrEnum):
    """The faults that are distinguished; all others are `unknown`."""

    UNINITIALIZED = "UNINITIALIZED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    NO_PERMISSION = "NO_PERMISSION"
    DRIVER_NOT_LOADED = "DRIVER_NOT_LOADED"
    LIBRARY_NOT_FOUND = "LIBRARY_NOT_FOUND"
    FUNCTION_NOT_FOUND = "FUNCTION_NOT_FOUND"
    GPU_IS_LOST = "GPU_IS_LOST"
    RESET_REQUIRED = "RESET_REQUIRED"
    LIB_RM_VERSION_MISMATCH = "LIB_RM_VERSION_MISMATCH"
    NOT_FOUND = "NOT_FOUND"
    TIMEOUT = "TIMEOUT"
    UNKNOWN = "UNKNOWN"


class NvmlFault(Exception):
    """An answer that NVML did not give, and why."""

    def __init__(self, code: NvmlCode) -> None:
        super().__init__(code.value)
        self.code = code

    @property
    def session_lost(self) -> bool:
        """Check whether no GPU can be queried before the session is opened again."""
        return self.code in _SESSION_LOST

    @property
    def gpu_lost(self) -> bool:
        """Check whether this GPU is gone, while others may go on."""
        return self.code in (NvmlCode.GPU_IS_LOST, NvmlCode.RESET_REQUIRED)

    @property
    def permanent(self) -> bool:
        """Check whether the same query will fail for as long as the session lasts."""
        return self.code in (NvmlCode.NOT_SUPPORTED, NvmlCode.FUNCTION_NOT_FOUND)

    @property
    def reason(self) -> str:
        """Return the fault as text, with the remedy where there is one."""
        return _REASON.get(self.code, f"NVML answered {self.code.value}")


_SESSION_LOST = frozenset(
    {
        NvmlCode.UNINITIALIZED,
        NvmlCode.DRIVER_NOT_LOADED,
        NvmlCode.LIB_RM_VERSION_MISMATCH,
    }
)

_REASON = {
    NvmlCode.LIBRARY_NOT_FOUND: "the NVIDIA driver's library (NVML) is not installed",
    NvmlCode.DRIVER_NOT_LOADED: "the NVIDIA driver is not loaded",
    NvmlCode.LIB_RM_VERSION_MISMATCH: "the NVIDIA driver was updated while loaded: reboot",
    NvmlCode.NOT_SUPPORTED: "NVML does not report it for this GPU",
    NvmlCode.NO_PERMISSION: "this user may not query NVML for it",
    NvmlCode.GPU_IS_LOST: "the GPU fell off the bus: reboot",
}


class TextQuestion(StrEnum):
    NAME = "name"
    UUID = "uuid"
    COMPUTE_CAPABILITY = "compute_capability"


class NumberQuestion(StrEnum):
    """Queries for a number, in NVML's own unit."""

    MEMORY_TOTAL = "memory_total"
    MEMORY_USED = "memory_used"
    UTILIZATION = "utilization"
    POWER_MW = "power_mw"
    POWER_LIMIT_MW = "power_limit_mw"
    TEMPERATURE_C = "temperature_c"
    CLOCK_SM_MHZ = "clock_sm_mhz"
    CLOCK_MEMORY_MHZ = "clock_memory_mhz"
    THROTTLE_BITS = "throttle_bits"
    ENERGY_MJ = "energy_mj"


class Nvml(Protocol):
    """A session with NVML; every method raises `NvmlFault` and nothing else."""

    def open(self) -> None:
        """Start or restart the session."""
        ...

    def close(self) -> None:
        """End the session; harmless where there is none."""
        ...

    def driver(self) -> str: ...

    def count(self) -> int: ...

    def text(self, index: int, question: TextQuestion) -> str: ...

    def number(self, index: int, question: NumberQuestion) -> int: ...


def _is_installed() -> bool:
    """Check whether this machine has NVML, as `pynvml` does, which takes longer to import."""
    import ctypes

    if sys.platform == "win32":
        return True
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


class LiveNvml:
    """NVML of this machine; the library is loaded by `open`, not by import."""

    def __init__(self) -> None:
        # `pynvml` has no types; one value of type Any here keeps that within this class.
        self._library: Any = None
        self._handles: dict[int, Any] = {}

    def open(self) -> None:
        self.close()
        if "pynvml" not in sys.modules and not _is_installed():
            raise NvmlFault(NvmlCode.LIBRARY_NOT_FOUND)
        try:
            library = importlib.import_module("pynvml")
        except ImportError as error:
            raise NvmlFault(NvmlCode.LIBRARY_NOT_FOUND) from error
        self._call(library, library.nvmlInit)
        self._library = library

    def close(self) -> None:
        library, self._library = self._library, None
        self._handles.clear()
        if library is not None:
            try:
                library.nvmlShutdown()
            except library.NVMLError:
                # A lost GPU may refuse even this; the next `open` starts afresh anyway.
                return

    def driver(self) -> str:
        library = self._opened()
        return _decoded(self._call(library, library.nvmlSystemGetDriverVersion))

    def count(self) -> int:
        library = self._opened()
        return int(self._call(library, library.nvmlDeviceGetCount))

    def text(self, index: int, question: TextQuestion) -> str:
        library = self._opened()
        handle = self._handle(library, index)
        return _decoded(self._call(library, _TEXT[question], library, handle))

    def number(self, index: int, question: NumberQuestion) -> int:
        library = self._opened()
        handle = self._handle(library, index)
        answer = self._call(library, _NUMBER[question], library, handle)
        if answer is None:
            raise NvmlFault(NvmlCode.NOT_SUPPORTED)
        return int(answer)

    def _opened(self) -> Any:
        if self._library is None:
            raise NvmlFault(NvmlCode.UNINITIALIZED)
        return self._library

    def _handle(self, library: Any, index: int) -> Any:
        if index not in self._handles:
            handle = self._call(library, library.nvmlDeviceGetHandleByIndex, index)
            self._handles[index] = handle
        return self._handles[index]

    def _call(self, library: Any, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except library.NVMLError as error:
            raise NvmlFault(_code(library, error.value)) from error
        except (OSError, ValueError, TypeError, AttributeError) as error:
            # A library older than its driver, or a name that is not UTF-8: unknown, not fatal.
            raise NvmlFault(NvmlCode.UNKNOWN) from error


def _code(library: Any, value: int) -> NvmlCode:
    for code in NvmlCode:
        if getattr(library, f"NVML_ERROR_{code.value}", None) == value:
            return code
    return NvmlCode.UNKNOWN


def _decoded(value: Any) -> str:
    # Older releases of the library answer in bytes.
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _capability(library: Any, handle: Any) -> str:
    major, minor = library.nvmlDeviceGetCudaComputeCapability(handle)
    return f"{major}.{minor}"


_TEXT: dict[TextQuestion, Callable[[Any, Any], Any]] = {
    TextQuestion.NAME: lambda nv, gpu: nv.nvmlDeviceGetName(gpu),
    TextQuestion.UUID: lambda nv, gpu: nv.nvmlDeviceGetUUID(gpu),
    TextQuestion.COMPUTE_CAPABILITY: _capability,
}

_NUMBER: dict[NumberQuestion, Callable[[Any, Any], Any]] = {
    NumberQuestion.MEMORY_TOTAL: lambda nv, gpu: nv.nvmlDeviceGetMemoryInfo(gpu).total,
    NumberQuestion.MEMORY_USED: lambda nv, gpu: nv.nvmlDeviceGetMemoryInfo(gpu).used,
    NumberQuestion.UTILIZATION: lambda nv, gpu: nv.nvmlDeviceGetUtilizationRates(gpu).gpu,
    NumberQuestion.POWER_MW: lambda nv, gpu: nv.nvmlDeviceGetPowerUsage(gpu),
    NumberQuestion.POWER_LIMIT_MW: lambda nv, gpu: nv.nvmlDeviceGetEnforcedPowerLimit(gpu),
    NumberQuestion.TEMPERATURE_C: lambda nv, gpu: nv.nvmlDeviceGetTemperature(
        gpu, nv.NVML_TEMPERATURE_GPU
    ),
    NumberQuestion.CLOCK_SM_MHZ: lambda nv, gpu: nv.nvmlDeviceGetClockInfo(gpu, nv.NVML_CLOCK_SM),
    NumberQuestion.CLOCK_MEMORY_MHZ: lambda nv, gpu: nv.nvmlDeviceGetClockInfo(
        gpu, nv.NVML_CLOCK_MEM
    ),
    NumberQuestion.THROTTLE_BITS: lambda nv, gpu: nv.nvmlDeviceGetCurrentClocksThrottleReasons(gpu),
    NumberQuestion.ENERGY_MJ: lambda nv, gpu: nv.nvmlDeviceGetTotalEnergyConsumption(gpu),
}
