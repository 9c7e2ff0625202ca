"""The state of NVIDIA's GPUs, by an NVML session that may be lost and reopened."""

from collections.abc import Callable

from benchrace.events.payloads import GpuSample
from benchrace.telemetry import plausible
from benchrace.telemetry.gpu.nvml import NumberQuestion, Nvml, NvmlFault
from benchrace.telemetry.hardware import Gpu

# Opening NVML may take 100 ms and more, so a lost one is not tried at every sample.
REOPEN_AFTER_NS = 5_000_000_000
MAX_PAUSE_NS = 60_000_000_000

# NVML's bits; 1 (idle) is a state, not a cause that slows work, but readers want to see it.
_THROTTLE = {
    0x001: "idle",
    0x002: "application_clocks",
    0x004: "power_cap",
    0x008: "hardware_slowdown",
    0x010: "sync_boost",
    0x020: "thermal_software",
    0x040: "thermal_hardware",
    0x080: "power_brake",
    0x100: "display_clocks",
    0x200: "board_limit",
    0x400: "reliability",
}


class NvidiaState:
    """Keeps NVML open; what is lost gives nulls, and NVML is opened again after a pause.

    One GPU that is lost leaves the others as they are. The pause doubles while nothing helps.
    """

    def __init__(self, nvml: Nvml, gpus: tuple[Gpu, ...], now_ns: Callable[[], int]) -> None:
        self._nvml = nvml
        self._gpus = gpus
        self._now_ns = now_ns
        self._open = False
        self._lost: set[int] = set()
        self._refused: set[tuple[int, NumberQuestion]] = set()
        self._pause_ns = REOPEN_AFTER_NS
        self._retry_ns: int | None = None

    def sample(self) -> tuple[GpuSample, ...]:
        self._reopen()
        samples = tuple(self._one(position, gpu) for position, gpu in enumerate(self._gpus))
        if self._open and not self._lost:
            self._pause_ns, self._retry_ns = REOPEN_AFTER_NS, None
        return samples

    def close(self) -> None:
        if self._open:
            self._nvml.close()
        self._open = False
        self._lost.clear()
        self._refused.clear()

    def _reopen(self) -> None:
        if self._open and not self._lost:
            return
        if self._retry_ns is not None and self._now_ns() < self._retry_ns:
            return
        self.close()
        try:
            self._nvml.open()
        except NvmlFault:
            self._pause()
            return
        self._open, self._retry_ns = True, None

    def _pause(self) -> None:
        """Set when to try again, once for each loss."""
        now = self._now_ns()
        if self._retry_ns is None or now >= self._retry_ns:
            self._retry_ns = now + self._pause_ns
            self._pause_ns = min(2 * self._pause_ns, MAX_PAUSE_NS)

    def _one(self, position: int, gpu: Gpu) -> GpuSample:
        def ask(question: NumberQuestion) -> int | None:
            return self._ask(position, question)

        power = ask(NumberQuestion.POWER_MW)
        bits = ask(NumberQuestion.THROTTLE_BITS)
        no_bits = plausible.reason("throttle_bits", bits)
        return GpuSample(
            index=gpu.index,
            uuid=gpu.uuid,
            utilization_percent=_float(ask(NumberQuestion.UTILIZATION)),
            memory_used_bytes=ask(NumberQuestion.MEMORY_USED),
            memory_total_bytes=gpu.memory_bytes,
            power_w=None if power is None else power / 1000,
            temperature_c=_float(ask(NumberQuestion.TEMPERATURE_C)),
            clock_sm_mhz=_float(ask(NumberQuestion.CLOCK_SM_MHZ)),
            clock_memory_mhz=_float(ask(NumberQuestion.CLOCK_MEMORY_MHZ)),
            energy_mj=_float(ask(NumberQuestion.ENERGY_MJ)),
            throttle=None if bits is None or no_bits else throttle_reasons(bits),
            notes=(f"throttle: {no_bits}",) if no_bits else (),
        )

    def _ask(self, position: int, question: NumberQuestion) -> int | None:
        skipped = position in self._lost or (position, question) in self._refused
        if not self._open or skipped:
            return None
        try:
            return self._nvml.number(position, question)
        except NvmlFault as fault:
            if fault.session_lost:
                self.close()
                self._pause()
            elif fault.gpu_lost:
                self._lost.add(position)
                self._pause()
            elif fault.permanent:
                # What this GPU never reports is not queried again: each query has its cost.
                self._refused.add((position, question))
            return None


def throttle_reasons(bits: int) -> tuple[str, ...]:
    """Name NVML's bits; an unknown one keeps its number."""
    named = [name for bit, name in _THROTTLE.items() if bits & bit]
    rest = bits & ~sum(_THROTTLE)
    return (*named, hex(rest)) if rest else tuple(named)


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)
