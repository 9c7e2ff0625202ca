"""Sample prompts, as presets: each with the length of answer that suits it."""

from collections.abc import Mapping
from typing import Any

SAMPLE = "Explain in a few paragraphs how a steam engine turns heat into motion."
_CODE = (
    "Write a Python class for a bounded first-in first-out queue that several threads may use. "
    "It has put, get, close and a length, raises its own exceptions, and needs only the standard "
    "library. Give type hints and docstrings, then tests for every method."
)
_HARBOUR = (
    "The harbour of the small town was built for herring. Around the turn of the century forty "
    "boats went out each night, and the salting sheds along the quay employed half of the women "
    "of the parish. When the shoals moved north the boats were sold one after another, the sheds "
    "stood empty, and the railway that had carried the barrels inland was closed. For thirty years "
    "little happened. Then a teacher who had grown up there bought the largest shed for the price "
    "of its bricks and turned it into a workshop for wooden boats. He took apprentices from all "
    "over the country, and later from abroad. Other workshops followed: a ropemaker, a sailmaker, "
    "a smith who made fittings that could no longer be bought. In summer visitors came to watch, "
    "and some stayed. The council argued for a whole winter whether the quay should become a car "
    "park, as the hotel wished, or be given back to the boats. It was decided by a single vote. "
    "Today nineteen boats lie there, none of them fishes, and the school has its second class "
    "again."
)

TEXT_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "short": {"prompt": "Name three uses of a paper clip.", "max_tokens": 64},
    "code": {"prompt": _CODE, "max_tokens": 768},
    "summary": {"prompt": f"Summarise this in three sentences:\n\n{_HARBOUR}", "max_tokens": 128},
    "long": {"prompt_tokens": 8192, "max_tokens": 128},
}
