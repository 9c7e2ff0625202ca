"""A thread that ends the worker on silence or an overrun deadline."""

import faulthandler
import sys
import threading
import traceback
from collections.abc import Callable

SILENCE_S = 10.0
_TICK_S = 1.0
# A call that keeps the interpreter's lock stops this thread too; this one needs no lock.
_HARD_S = 20
_REARM_S = 5.0


class Watchdog:
    """Watch `beats` from outside of the loop; call `on_silence` when they stop for `silence_s`.

    While there was no beat yet (plugins are being imported) silence means nothing.

    Time is counted in ticks of this thread, so that a process that was stopped and continued is
    not taken for a silent one; but one stopped for longer than `_HARD_S` ends when continued, since
    the guard against a held interpreter lock counts real time. Both callbacks end the process.
    """

    def __init__(
        self,
        beats: Callable[[], int],
        on_silence: Callable[[], None],
        *,
        silence_s: float = SILENCE_S,
        tick_s: float = _TICK_S,
    ) -> None:
        self._beats = beats
        self._on_silence = on_silence
        self._silence_s = silence_s
        self._tick_s = tick_s
        self._left: dict[Callable[[], None], float] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin to watch, in a thread of its own."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()
        faulthandler.cancel_dump_traceback_later()

    def arm(self, seconds: float, act: Callable[[], None]) -> Callable[[], None]:
        """Call `act` in `seconds` (and up to a tick), unless the returned function was called."""

        def fire() -> None:
            act()

        def disarm() -> None:
            with self._lock:
                self._left.pop(fire, None)

        with self._lock:
            self._left[fire] = seconds
        return disarm

    def _watch(self) -> None:
        last, silent_s, unarmed_s = -1, 0.0, _REARM_S
        while not self._over.is_set():
            unarmed_s += self._tick_s
            if unarmed_s >= _REARM_S:
                faulthandler.dump_traceback_later(_HARD_S, exit=True)
                unarmed_s = 0.0
            if self._over.wait(self._tick_s):
                return
            beats = self._beats()
            silent_s = silent_s + self._tick_s if beats and beats == last else 0.0
            last = beats
            if silent_s >= self._silence_s:
                self._on_silence()
                return
            self._count_down()

    def _count_down(self) -> None:
        with self._lock:
            for act in self._left:
                self._left[act] -= self._tick_s
            due = [act for act, left in self._left.items() if left <= 0]
            for act in due:
                del self._left[act]
        for act in due:
            act()


def stack_of_loop() -> str:
    """Show where the main thread, which runs the loop, is now."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return "".join(traceback.format_stack(frame)) if frame else ""
