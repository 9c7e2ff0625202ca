"""Raw arrival stamps of a round, kept while it runs and written after its timed part."""

from array import array
from collections.abc import Iterable, Iterator

from benchrace.events.payloads import ChunksPayload
from benchrace.plugin.stream import TimingSource

# With stamps of 16 digits a part stays well under the longest line of a log.
PART = 4096

Row = tuple[bytes, int, int, int, str]


class Stamps:
    """The stamps of one request: 24 bytes a chunk."""

    def __init__(self) -> None:
        self.sent_ns: int | None = None
        self.source = TimingSource.USER
        self._at = array("q")
        self._bound = array("q")
        self._size = array("q")

    def add(self, rows: Iterable[Row]) -> None:
        """Keep the stamps of chunks that have come."""
        for _, at_ns, not_before_ns, size, _ in rows:
            self._at.append(at_ns)
            self._bound.append(at_ns - not_before_ns)
            self._size.append(size)

    def parts(self, request: int, t0_ns: int) -> Iterator[ChunksPayload]:
        """Yield the stamps as events' payloads, in parts that fit a line."""
        if self.sent_ns is None:
            return
        for first in range(0, max(1, len(self._at)), PART):
            bounds = self._bound[first : first + PART]
            yield ChunksPayload(
                request=request,
                sent_ns=self.sent_ns - t0_ns,
                source=self.source,
                first=first,
                t_ns=tuple(at - t0_ns for at in self._at[first : first + PART]),
                size=tuple(self._size[first : first + PART]),
                bound_ns=tuple(bounds) if any(bounds) else (),
            )


class RoundStamps:
    """The stamps of all requests of the round that is running; none outside of a round."""

    def __init__(self) -> None:
        self._requests: list[Stamps] | None = None

    def begin(self) -> None:
        """Enter a round."""
        self._requests = []

    def request(self) -> Stamps:
        """Return the place for a new request's stamps."""
        stamps = Stamps()
        if self._requests is not None:
            self._requests.append(stamps)
        return stamps

    def take(self, t0_ns: int) -> Iterator[ChunksPayload]:
        """Leave the round and return its payloads; requests are numbered as they were opened."""
        requests, self._requests = self._requests or [], None
        for request, stamps in enumerate(requests):
            yield from stamps.parts(request, t0_ns)
