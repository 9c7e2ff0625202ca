"""A lane of text that is open, and what was found out before its rounds."""

from dataclasses import dataclass

import msgspec

from benchrace.kinds.llm import EngineFacts


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What loading took, ns, and who says so: `engine` or `client`. Null where nobody knows."""

    ns: int | None = None
    source: str | None = None


@dataclass(kw_only=True)
class Opened:
    """A lane that is open: the engine, and what was found out before the rounds.

    `also` goes into its nonces: its model's name, where the engine has it under another as well.
    """

    facts: EngineFacts
    loaded: Loaded
    prefix: int | None = None
    mock: str | None = None
    unsettled: bool = False
