"""What rounds of text tell beside their numbers: which prompt, which model, what it answered."""

from typing import Any

import msgspec

from benchrace.kinds.llm import EngineFacts


class Said(msgspec.Struct, frozen=True):
    """Parts of a text round's record. `text` is null where the kind keeps none."""

    prompt_digest: str
    engine: EngineFacts
    nonce: str = ""
    text: str | None = None


def said(record: dict[str, Any] | None) -> Said | None:
    """Read a round's record; None where it is not of text, or makes no sense."""
    if not record or "prompt_digest" not in record:
        return None
    try:
        return msgspec.convert(record, Said)
    except msgspec.ValidationError:
        return None
