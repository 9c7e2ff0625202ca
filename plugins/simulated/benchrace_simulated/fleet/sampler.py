"""Samples of a simulated machine: idle or at work, and warmer the longer it works."""

import math
import time
from collections.abc import Callable
from random import Random

from benchrace.events.payloads import GpuSample, RuntimeSamplePayload
from benchrace_simulated.profiles import GIB, Profile, Seat

_WARM_S = 20.0
_IDLE_C, _HOT_C, _COOLING_C = 38.0, 66.0, 110.0


class ScriptedSampler:
    """Takes samples of one machine; `works` tells whether a job runs on it."""

    def __init__(self, seat: Seat, seed: int, works: Callable[[], bool]) -> None:
        self._seat = seat
        self._works = works
        self._drawn = Random(f"{seed} {seat.machine_id} samples")
        self._since = time.monotonic()
        self._was_working = False

    def sample(self) -> RuntimeSamplePayload:
        """Return the machine as the script has it now."""
        profile, works = self._seat.profile, self._works()
        if works != self._was_working:
            self._was_working, self._since = works, time.monotonic()
        load = 1.0 if works else 0.0
        warmth = load * (1 - math.exp(-(time.monotonic() - self._since) / _WARM_S))
        total = profile.memory_gb * GIB
        used = int(total * (0.18 + 0.12 * load))
        on_gpu = profile.chip is not None
        busy = 12.0 if on_gpu else 92.0
        return RuntimeSamplePayload(
            cpu_percent=max(0.0, self._drawn.gauss(2.0 + busy * load, 1.5)),
            cpu_count=profile.threads,
            load_1m=round(profile.threads * load * busy / 100, 2),
            memory_used_bytes=used,
            memory_available_bytes=total - used,
            memory_total_bytes=total,
            cpu_temperature_c=round(_temperature(profile, warmth) + self._drawn.gauss(0, 0.4), 1),
            gpus=self._gpus(profile, load, warmth),
        )

    def close(self) -> None:
        """Do nothing: a script opens no device."""

    def _gpus(self, profile: Profile, load: float, warmth: float) -> tuple[GpuSample, ...]:
        chip = profile.chip
        if chip is None:
            return ()
        total = (chip.memory_gb or profile.memory_gb) * GIB
        power = chip.power_w * (0.1 + 0.85 * load)
        return (
            GpuSample(
                index=0,
                uuid=f"simulated-{profile.key}",
                utilization_percent=min(100.0, max(0.0, self._drawn.gauss(1 + 96 * load, 1.2))),
                memory_used_bytes=int(total * (0.04 + 0.3 * load)),
                memory_total_bytes=total,
                power_w=round(max(0.0, self._drawn.gauss(power, power * 0.02)), 1),
                temperature_c=round(_temperature(profile, warmth), 1),
            ),
        )


def _temperature(profile: Profile, warmth: float) -> float:
    return _IDLE_C + warmth * (_HOT_C - _IDLE_C + profile.cooling * _COOLING_C)
