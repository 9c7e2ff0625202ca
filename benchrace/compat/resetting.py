"""A reset as older clients read it: a key for each engine that they know, whatever is installed."""

from typing import Any

import msgspec

from benchrace.plugin.operations import Reset
from benchrace.protocol.operations import ResetAll

ENGINES = ("ollama", "comfyui")


class ResetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Another engine that was reset has a key of its own, by its backend's name."""

    ok: bool
    duration_ms: float
    ollama: Reset
    comfyui: Reset
    notes: tuple[str, ...]


def reset_answer(done: ResetAll) -> dict[str, Any]:
    """Flatten a reset's results. Pure."""
    own = {"ok": done.ok, "duration_ms": done.duration_ms, "notes": list(done.notes)}
    engines = {**{name: Reset() for name in ENGINES}, **done.backends}
    return {**{name: msgspec.to_builtins(reset) for name, reset in engines.items()}, **own}
