"""Whether a client could generate its share of the load: its own delays, and its processor."""

import math
import time
from collections.abc import Iterable, Sequence

from benchrace.formatting import duration, percent
from benchrace.kinds.llm import Answer, ClientLoad

CODE = "client_saturated"
# Lateness beyond which a client changes what it measures, also as a share of the latency since the
# schedule. Of fewer requests a percentile says nothing.
LATE_NS = 50_000_000
LATE_SHARE = 0.05
LATE_PERCENTILE = 95
MIN_REQUESTS = 4
BUSY = 0.9
# A shorter time says little about the processor.
MIN_SPAN_NS = 500_000_000


class ClientMeter:
    """Measures the client during a round; create it in the thread that sends the requests."""

    def __init__(self, now_ns: int) -> None:
        self._since_ns = now_ns
        self._cpu_ns = time.thread_time_ns()
        self._late_ns: list[int] = []

    def late(self, late_ns: int) -> None:
        """Add how late the client itself was with a request of an open loop."""
        self._late_ns.append(max(0, late_ns))

    def read(self, now_ns: int, requests: int) -> ClientLoad:
        """Return what was measured since the creation."""
        return ClientLoad(
            requests=requests,
            span_ns=max(0, now_ns - self._since_ns),
            cpu_ns=max(0, time.thread_time_ns() - self._cpu_ns),
            late_ns=_rank(self._late_ns) if len(self._late_ns) >= MIN_REQUESTS else None,
            late_max_ns=max(self._late_ns, default=None),
        )


def totals(answers: Iterable[Answer]) -> list[int]:
    """Return how long after their instants complete answers of an open loop ended."""
    return [
        answer.last_ns - answer.scheduled_ns
        for answer in answers
        if answer.error is None and answer.last_ns is not None and answer.scheduled_ns is not None
    ]


def saturated(load: ClientLoad, totals_ns: Sequence[int] = ()) -> str | None:
    """Return why a client did not keep up with the load that was asked of it, None if it did.

    `totals_ns` are the latencies since the schedule, in which its own lateness must not show.
    """
    total_ns = _rank(totals_ns) or 0
    if load.late_ns is not None and load.late_ns > max(LATE_NS, LATE_SHARE * total_ns):
        late, most = duration(load.late_ns), duration(load.late_max_ns or load.late_ns)
        of_total = f"; {percent(load.late_ns / total_ns)} of the latency" if total_ns else ""
        return (
            f"one in 20 requests left the client {late} or more after its scheduled time (the "
            f"latest {most}{of_total}), because the client was slow: it cannot generate this load"
        )
    if load.span_ns >= MIN_SPAN_NS and load.cpu_ns > BUSY * load.span_ns:
        share = percent(load.cpu_ns / load.span_ns)
        return f"the client's own thread was busy for {share} of the round: it limits the load"
    return None


def _rank(values: Sequence[int]) -> int | None:
    if not values:
        return None
    return sorted(values)[math.ceil(len(values) * LATE_PERCENTILE / 100) - 1]
