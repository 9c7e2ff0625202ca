"""Tell the agent where the job is, whenever that changes."""

from benchrace.run.control import PhaseNow
from benchrace.run.states import JobPhase
from benchrace.worker.streams import Voice


class Phases:
    """Says each phase once, until another one came."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._last: PhaseNow | None = None

    def now(self, phase: JobPhase, heat: int | None = None) -> None:
        """Enter `phase`; `heat` is the one that `ready` waits for."""
        said = PhaseNow(phase=phase, heat=heat)
        if said != self._last:
            self._last = said
            self._voice.say(said)
