"""Answers for tests: fixed ones, and strategies for any that a log may hold."""

from typing import Any

from hypothesis import strategies as st

from benchrace.kinds.llm import (
    Answer,
    CacheProof,
    CacheState,
    EngineFacts,
    EngineTimes,
    Gaps,
    LlmRecord,
    ServeRecord,
    Usage,
)

MS = 1_000_000
AROUND: dict[str, Any] = {
    "engine": EngineFacts(name="e"),
    "cache": CacheState.WARM_UNIQUE,
    "cache_proof": CacheProof.ENGINE,
    "prefix_tokens": 1,
    "load_ns": None,
    "load_source": None,
    "timing_source": "kernel",
    "prompt_digest": "sha256:0",
}


def answer(**changes: Any) -> Answer:
    """Sent at 10 ms, 11 tokens in 11 chunks from 110 ms to 310 ms, one each 20 ms."""
    facts: dict[str, Any] = {
        "request": 0,
        "send_ns": 10 * MS,
        "first_ns": 110 * MS,
        "output_ns": 110 * MS,
        "last_ns": 310 * MS,
        "bound_ns": 0,
        "end_ns": 311 * MS,
        "connect_ns": None,
        "content": 11,
        "characters": 44,
        "usage": Usage(prompt=50, output=11, cached=10),
        "times": EngineTimes(),
        "finish": "length",
        "clean_end": True,
        "output_digest": "sha256:1",
        "gaps": Gaps(n=10, max_ns=20 * MS),
    }
    return Answer(**{**facts, **changes})


def single(**changes: Any) -> LlmRecord:
    """A round of one answer; what `Answer` lacks belongs to the record."""
    own: dict[str, Any] = {**AROUND}
    for name in ("load_ns", "cache"):
        if name in changes:
            own[name] = changes.pop(name)
    return LlmRecord(**own, answer=answer(**changes))


def serve(*answers: Answer, **changes: Any) -> ServeRecord:
    """A round of many answers."""
    facts: dict[str, Any] = {**AROUND, "gaps": Gaps(), **changes}
    return ServeRecord(**facts, answers=answers)


_instant = st.integers(-(2**62), 2**62)
_count = st.none() | st.integers(0, 10**9)
_took = st.none() | st.integers(0, 10**18)
gaps = st.builds(
    Gaps,
    n=st.integers(0, 10**9),
    p50_ns=st.none() | _instant,
    p95_ns=st.none() | _instant,
    p99_ns=st.none() | _instant,
    max_ns=st.none() | _instant,
    stalls=st.integers(0, 10**9),
)
answers = st.builds(
    Answer,
    request=st.integers(0, 256),
    send_ns=_instant,
    first_ns=st.none() | _instant,
    output_ns=st.none() | _instant,
    last_ns=st.none() | _instant,
    bound_ns=_instant,
    end_ns=_instant,
    connect_ns=st.none() | _instant,
    scheduled_ns=st.none() | _instant,
    content=st.integers(-1, 10**9),
    characters=st.integers(-1, 10**9),
    usage=st.builds(
        Usage, prompt=_count, output=_count, cached=_count, unseen=st.integers(-5, 2**40)
    ),
    times=st.builds(
        EngineTimes,
        load_ns=_took,
        prefill_ns=_took,
        decode_ns=_took,
        decode_tokens=_count,
    ),
    finish=st.none() | st.just("stop"),
    clean_end=st.booleans(),
    output_digest=st.just(""),
    gaps=gaps,
    error=st.none() | st.just("stream_error"),
)
