"""Report the job's phase to the agent whenever it changes."""

from benchrace.protocol.agent_worker import PhaseNow
from benchrace.run.states import JobPhase
from benchrace.worker.stdio import ProtocolOut


class Phases:
    """Reports each phase once, until another one came."""

    def __init__(self, output: ProtocolOut) -> None:
        self._output = output
        self._last: PhaseNow | None = None

    def now(self, phase: JobPhase, heat: int | None = None, lane_id: str | None = None) -> None:
        """Enter `phase`; `heat` is the one that `ready` waits for, `lane_id` what is opened."""
        phase_now = PhaseNow(phase=phase, heat=heat, lane_id=lane_id)
        if phase_now != self._last:
            self._last = phase_now
            self._output.say(phase_now)
