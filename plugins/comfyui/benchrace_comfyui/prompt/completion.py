"""Follow a prompt to its end, by asking the server; the socket only says when to ask.

The server keeps a prompt in its queue until the moment it is in its history, so that the queue is
asked first: what is in neither was lost. Asking in the other order can miss the move.
"""

from typing import NamedTuple

import anyio

from benchrace.plugin import BenchraceError, Category, Clock
from benchrace_comfyui.client import ComfyClient
from benchrace_comfyui.errors import LOG, failed
from benchrace_comfyui.history import INTERRUPTED, Finished

_DOWN = (Category.UNREACHABLE, Category.ENDED_EARLY)
_SILENT = (Category.TIMEOUT_CONNECT, Category.TIMEOUT_FIRST)
_ONE_S = 1e9


class Patience(NamedTuple):
    """Seconds: between questions, with a socket and without, and for one answer; how long a server
    may refuse connections, and how long it may answer nothing at all; how long its last messages
    are awaited after the history.

    A server that works stands still for up to a second, after a prompt or while it loads a model.
    """

    reported_s: float = 1.0
    unreported_s: float = 0.2
    answer_s: float = 3.0
    down_s: float = 3.0
    frozen_s: float = 20.0
    last_messages_s: float = 1.0


class Following:
    """The state of following one prompt.

    `foreign` is the largest number of other prompts that were in the server's queue, `queued_ns`
    when the last question was asked to which the own one still ran or waited. Set `hint`
    when the socket reports an end, and `over`, `reporting` while it reports anything, `cut` once it
    is closed.
    """

    def __init__(
        self, client: ComfyClient, prompt_id: str, clock: Clock, patience: Patience
    ) -> None:
        self.foreign = 0
        self.queued_ns = 0
        self.hint = anyio.Event()
        self.over = False
        self.reporting = False
        self.cut = False
        self._client = client
        self._prompt_id = prompt_id
        self._clock = clock
        self._patience = patience
        self._answered_ns = clock.monotonic_ns()
        self._was_down = False

    async def run(self) -> Finished:
        """Return how the prompt ended.

        Raises `unreachable` for a server that is gone, `timeout_idle` for one that is frozen,
        `ended_early` for one that was started again, `interrupted` for a prompt that somebody took
        off the queue.
        """
        while True:
            try:
                outcome = await self._ask()
            except BenchraceError as error:
                self._excuse(error)
            else:
                self._answered_ns = self._clock.monotonic_ns()
                if outcome is not None:
                    return outcome
            await self._wait()

    async def _ask(self) -> Finished | None:
        limit_s, asked_ns = self._patience.answer_s, self._clock.monotonic_ns()
        queue = await self._client.queue(limit_s=limit_s)
        self.foreign = max(self.foreign, len(queue.ids - {self._prompt_id}))
        if self._prompt_id in queue.ids:
            # A server may unload models between the end of a prompt and its history.
            if not self.over:
                self.queued_ns = asked_ns
            return None
        outcome = await self._client.history(self._prompt_id, limit_s=limit_s)
        if outcome is None:
            raise self._lost()
        return outcome

    def _excuse(self, error: BenchraceError) -> None:
        """Go on after an error of the connection, for a limited time."""
        silent_s = (self._clock.monotonic_ns() - self._answered_ns) / _ONE_S
        if isinstance(error, LostPrompt) or error.category not in (*_DOWN, *_SILENT):
            raise error
        if error.category in _DOWN:
            self._was_down = True
            if silent_s >= self._patience.down_s:
                raise BenchraceError(
                    Category.UNREACHABLE,
                    f"ComfyUI stopped or was killed while it worked on the prompt: {error.message}",
                    f"Start it again. {LOG}: it may have run out of memory.",
                )
        elif silent_s >= self._patience.frozen_s:
            raise BenchraceError(
                Category.TIMEOUT_IDLE,
                f"ComfyUI is frozen: it accepts connections, and has answered nothing for "
                f"{silent_s:.0f} s",
                f"{LOG}, and restart it.",
            )

    async def _wait(self) -> None:
        pause_s = self._patience.reported_s if self.reporting else self._patience.unreported_s
        with anyio.move_on_after(pause_s):
            await self.hint.wait()
        if self.hint.is_set():
            # The history may come up to a second after the hint.
            self.hint, self.reporting = anyio.Event(), False

    def _lost(self) -> "LostPrompt":
        if self._was_down or self.cut:
            return LostPrompt(
                Category.ENDED_EARLY,
                "ComfyUI was restarted while it worked on the prompt, which is lost",
                f"Run it again. {LOG} if nobody restarted it.",
            )
        return LostPrompt(
            Category.INTERRUPTED,
            "the prompt is neither in ComfyUI's queue nor in its history: somebody deleted it, or "
            "ComfyUI was restarted",
            "Leave ComfyUI to benchrace while it measures, and run it again.",
        )


class LostPrompt(BenchraceError):
    """The server answers, and does not have the prompt."""


def require_success(outcome: Finished) -> None:
    """Raise the meaning of a prompt that failed, was interrupted, or made nothing."""
    if outcome.last == INTERRUPTED:
        raise BenchraceError(
            Category.INTERRUPTED,
            "somebody interrupted the prompt in ComfyUI",
            "Leave ComfyUI to benchrace while it measures, and run it again.",
        )
    if not outcome.succeeded:
        raise failed(outcome.message)
    if not outcome.images:
        raise BenchraceError(
            Category.BAD_OUTPUT,
            "ComfyUI reports success, and its history has no image",
            f"{LOG} for the cause.",
        )
