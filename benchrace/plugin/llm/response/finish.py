"""The meaning of an engine's finish reason: complete, filtered, or failed."""

import re
from enum import Enum, auto

from benchrace.errors import BenchraceError, Category
from benchrace.plugin.llm.response.words import words

# As OpenAI, Anthropic, Gemini, Mistral, Cohere, vLLM, SGLang, TGI, llama.cpp, LM Studio and Ollama
# write them, in lower case and without separators.
_COMPLETE = frozenset(
    {
        *("stop", "stopsequence", "stopstring", "stopstringfound", "stoptoken", "word"),
        *("length", "limit", "maxtokens", "maxnewtokens", "maxoutputtokens", "maxlength"),
        *("modellength", "contextlength", "contextlengthreached", "maxpredictedtokensreached"),
        *("eos", "eostoken", "eosfound", "endofsequence", "endoftext", "endturn", "end"),
        *("complete", "completed", "toolcall", "toolcalls", "tooluse", "functioncall"),
    }
)
_FILTERED = frozenset(
    {
        *("contentfilter", "contentfiltered", "filter", "filtered", "safety", "imagesafety"),
        *("sensitive", "moderation", "recitation", "blocklist", "prohibitedcontent", "spii"),
        *("refusal", "guardrail", "guardrailintervened"),
    }
)
# Some servers write these where others write null.
_ABSENT = frozenset({"", "null", "none"})


class Ending(Enum):
    """How an engine ended an answer; `ABSENT` if it sent no reason."""

    ABSENT = auto()
    COMPLETE = auto()
    FILTERED = auto()
    FAILED = auto()


def ending(reason: str | None) -> Ending:
    """Return the meaning of a finish reason; an unknown one is a failure."""
    plain = re.sub(r"[\s_-]", "", (reason or "").lower())
    if plain in _ABSENT:
        return Ending.ABSENT
    if plain in _COMPLETE:
        return Ending.COMPLETE
    return Ending.FILTERED if plain in _FILTERED else Ending.FAILED


def counted(reason: str | None) -> bool:
    """Check whether an answer with this finish reason is complete, even if it has no text."""
    return ending(reason) in (Ending.COMPLETE, Ending.FILTERED)


def failure_of(reason: str | None) -> BenchraceError | None:
    """Return the failure that a finish reason reports, None if it reports none."""
    if reason is None or ending(reason) is not Ending.FAILED:
        return None
    return BenchraceError(
        Category.STREAM_ERROR,
        f"the engine ended the answer with the finish reason {words(reason, 80)!r}",
        "Check the engine's log for the cause; the answer is incomplete.",
    )
