"""Rate limiting of wrong tokens and codes, by address.

One `Attempts` of a server stands before every place that checks a token or a code.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from benchrace.web.address import group_of

MAX_WRONG = 10
MAX_REPEATED = 60
WINDOW_S = 60.0
MAX_ADDRESSES = 1024


class Attempts:
    """Allows an address `most` wrong attempts in any `window_s` seconds; addresses are bounded.

    The same wrong secret again is not a new guess: a program with an old token must not lock out
    whoever works on the same address. It is only counted against `repeated`.
    Check, compare and count without awaiting in between: what comes at once is counted then too.
    """

    def __init__(
        self,
        most: int = MAX_WRONG,
        window_s: float = WINDOW_S,
        now_s: Callable[[], float] = time.monotonic,
        *,
        repeated: int = MAX_REPEATED,
    ) -> None:
        self._most = most
        self._repeated = max(most, repeated)
        self._window_s = window_s
        self._now_s = now_s
        self._count = 0
        # When, and a salted hash of what: the secrets themselves are not kept.
        self._wrong: OrderedDict[str, list[tuple[float, int]]] = OrderedDict()

    def judge(self, address: str, secret: str, *, right: bool, exempt: bool = False) -> float:
        """Count a wrong secret; return for how long the answer must be a refusal, 0 where not.

        While an address must wait, a right secret is refused too: else it could go on guessing.
        Only one that is `exempt` is let in then.
        """
        if right and exempt:
            return 0.0
        wait_s = self.wait_s(address)
        if not right and not wait_s:
            self.wrong(address, secret)
        return wait_s

    def wait_s(self, address: str) -> float:
        """Return how long this address must wait before it may try; 0 where it may now."""
        recent = self._recent(group_of(address))
        until = 0.0
        while len({mark for _, mark in recent}) >= self._most or len(recent) >= self._repeated:
            until = recent.pop(0)[0] + self._window_s
        return max(0.0, until - self._now_s())

    def wrong(self, address: str, secret: str | None = None) -> None:
        """Count a wrong secret; without one, each call is counted as another."""
        group = group_of(address)
        self._count += 1
        mark = self._count if secret is None else hash(secret)
        self._wrong[group] = [*self._recent(group), (self._now_s(), mark)][-self._repeated :]
        self._wrong.move_to_end(group)
        if len(self._wrong) > MAX_ADDRESSES:
            self._wrong.popitem(last=False)

    def _recent(self, group: str) -> list[tuple[float, int]]:
        since = self._now_s() - self._window_s
        return [attempt for attempt in self._wrong.get(group, ()) if attempt[0] > since]
