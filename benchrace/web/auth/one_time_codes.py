"""Codes that work once, kept for minutes in memory as SHA-256 only."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from benchrace.web.token import sha256_of

LIFE_S = 600.0
MAX_CODES = 32
_MAX_ENDED = 128
# In hex, so that no code begins like an option of a command.
_CODE_BYTES = 20

T = TypeVar("T")


class CodeEnd(StrEnum):
    """Why a code that was valid once is not any more."""

    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class _Pending(NamedTuple, Generic[T]):
    value: T
    over_s: float


class OneTimeCodes(Generic[T]):
    """Unused codes, each with a value; beyond `MAX_CODES` the oldest expires.

    A code is looked up by its hash, so that the time it takes tells nothing of the codes.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._codes: OrderedDict[str, _Pending[T]] = OrderedDict()
        self._in_use: dict[str, _Pending[T]] = {}
        self._ended: OrderedDict[str, CodeEnd] = OrderedDict()

    def make(self, value: T) -> str:
        """Create a code; only its hash is kept."""
        code = secrets.token_hex(_CODE_BYTES)
        self._drop_old()
        while len(self._codes) >= MAX_CODES:
            self._end(next(iter(self._codes)), CodeEnd.EXPIRED)
        self._codes[sha256_of(code)] = _Pending(value, self._now_s() + LIFE_S)
        return code

    def take(self, code: str) -> T | None:
        """Use a code up and return its value; None if it is unknown, was used, or is too old."""
        self._drop_old()
        key = sha256_of(code)
        pending = self._codes.get(key)
        if pending is None:
            return None
        self._end(key, CodeEnd.USED)
        return pending.value

    @contextmanager
    def using(self, code: str) -> Iterator[T | None]:
        """Use a code up, as `take` does, unless the block fails: then it is valid as before."""
        self._drop_old()
        key = sha256_of(code)
        pending = self._codes.get(key)
        value = self.take(code)
        if pending is not None:
            self._in_use[key] = pending
        try:
            yield value
        except BaseException:
            if pending is not None and self._ended.pop(key, None) is CodeEnd.USED:
                self._codes[key] = pending
                if key not in self._in_use:
                    self._end(key, CodeEnd.CANCELLED)
            raise
        finally:
            if pending is not None:
                self._in_use.pop(key, None)

    def cancel(self, value: T) -> bool:
        """End the code of a value; false where no code has it."""
        self._drop_old()
        keys = [key for key, pending in self._codes.items() if pending.value == value]
        for key in keys:
            self._end(key, CodeEnd.CANCELLED)
        # One that is in use is used up, and is not valid again if what it is used for fails.
        for key in [key for key, pending in self._in_use.items() if pending.value == value]:
            del self._in_use[key]
        return bool(keys)

    def pending(self) -> tuple[T, ...]:
        """Return the values of all codes that can still be used, the oldest first."""
        self._drop_old()
        return tuple(pending.value for pending in self._codes.values())

    def end_of(self, code: str) -> CodeEnd | None:
        """Return how a code has ended, None for one that is valid, unknown, or long gone."""
        self._drop_old()
        return self._ended.get(sha256_of(code))

    def _drop_old(self) -> None:
        now_s = self._now_s()
        for key, pending in tuple(self._codes.items()):
            if pending.over_s <= now_s:
                self._end(key, CodeEnd.EXPIRED)

    def _end(self, key: str, how: CodeEnd) -> None:
        del self._codes[key]
        self._ended[key] = how
        while len(self._ended) > _MAX_ENDED:
            self._ended.popitem(last=False)
