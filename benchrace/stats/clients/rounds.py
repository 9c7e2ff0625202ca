"""The rounds of a run's lanes, some of which several machines make together."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchrace.events import Known, RoundDone
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import ClientSummary

if TYPE_CHECKING:
    from benchrace.stats.clients.gather import GatheredRounds


class ClientRounds:
    """Turns the rounds of a lane's machines into those of the lane; others pass as they are.

    Few runs have lanes with clients: what joins rounds is imported for those alone.
    """

    def __init__(self, metadata: RunMetadata) -> None:
        has_clients = any(lane.clients for lane in metadata.lanes)
        self._gathered = _gathered(metadata) if has_clients else None

    @property
    def used(self) -> bool:
        """Check whether any lane has clients, so that raw stamps are needed."""
        return self._gathered is not None and self._gathered.used

    def take(self, event: Known) -> Iterator[RoundDone]:
        """Process an event; yields the rounds that are complete with it."""
        if self._gathered is not None:
            yield from self._gathered.take(event)
        elif isinstance(event, RoundDone):
            yield event

    def unfinished(self) -> Iterator[RoundDone]:
        """Yield rounds that some machine did not finish, failed, each with the machine's name."""
        if self._gathered is not None:
            yield from self._gathered.unfinished()

    def summaries(self, lane: RunLane) -> tuple[ClientSummary, ...]:
        """Return what each machine of a lane with clients did; empty for other lanes."""
        return () if self._gathered is None else self._gathered.summaries(lane)


def _gathered(metadata: RunMetadata) -> "GatheredRounds":
    from benchrace.stats.clients.gather import GatheredRounds

    return GatheredRounds(metadata)
