"""How large arrays are, and what is doubtful about those that a cache can hold."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from benchrace.events import Reason
from benchrace.formatting import file_size

TIMES_CACHE = 4
# What a hypervisor says of the host's caches may be too small.
LEAST_VIRTUAL = 1 << 30

ArraySize = Annotated[
    int,
    Meta(
        title="Size (MB)",
        description="Of each array; 0 is four times the last-level cache, 1 GB at least in a "
        "virtual machine, and half of the free memory at most for all arrays.",
        ge=0,
        le=1_000_000,
        extra_json_schema={"phrases": {"zero": "automatic size", "other": "{} MB"}},
    ),
]


def in_cache(array_bytes: int, cache_bytes: int | None, virtual: bool | None) -> Iterator[Reason]:
    """Yield `arrays_in_cache` where a cache may hold so much that memory was not measured."""
    size = file_size(array_bytes)
    if virtual:
        if array_bytes < LEAST_VIRTUAL:
            yield Reason(
                "arrays_in_cache",
                f"{size} may fit the host's caches: the cache sizes that a virtual "
                "machine reports are the host's, or wrong",
            )
    elif cache_bytes is not None and array_bytes < TIMES_CACHE * cache_bytes:
        yield Reason(
            "arrays_in_cache",
            f"{size} is less than {TIMES_CACHE} times the last-level cache of "
            f"{file_size(cache_bytes)}, so the cache speeds up part of it",
        )
