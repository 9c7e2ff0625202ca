"""What identifies a lane's results of text beside their figures."""

import msgspec

from benchrace.kinds.llm import EngineFacts


class TextIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Each value that a lane's rounds reported, in the order in which they came; mostly one.

    Rounds that count are told of; of a lane that has none, those that were discarded. `cache` is
    what engines had of prompts, each with who proves it (`warm-unique by engine`).
    `timing_source` is who stamped: `kernel`, `user` or `mixed`.
    """

    engines: tuple[EngineFacts, ...]
    cache: tuple[str, ...]
    timing_source: tuple[str, ...]
    prompt_digest: tuple[str, ...]
    simulated: bool
