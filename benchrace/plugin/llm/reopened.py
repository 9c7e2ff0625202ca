"""Check that a lane that is opened again still has the same engine and model."""

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import EngineFacts

_EQUAL = ("name", "version", "model", "digest", "quantization")


def check(before: EngineFacts, now: EngineFacts) -> None:
    """Raise `bad_output` if the engine is not the one on which the lane began."""
    changed = [
        f"{name} {getattr(before, name)!s:.80} became {getattr(now, name)!s:.80}"
        for name in _EQUAL
        if getattr(before, name) != getattr(now, name)
    ]
    if changed:
        text = f"another engine or model answers since the restart: {'; '.join(changed)}"
        raise BenchraceError(Category.BAD_OUTPUT, text, "Start the run again.")
