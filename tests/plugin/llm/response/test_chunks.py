"""The true rate is measured, or within the stated bounds, however tokens are split into chunks."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.events import Measured
from benchrace.kinds import LLM
from benchrace.kinds.llm import Answer, LlmParams, LlmRecord, Usage
from benchrace.plugin.llm.response.delta import Delta
from tests.kinds.llm_answers import AROUND
from tests.plugin.llm.chunked import FIRST_NS, STEP_NS, answer_of, facts, hearing, take

TRUE = 1e9 / STEP_NS
CHUNKINGS: dict[str, list[int]] = {
    "one each": [1] * 64,
    "four": [4] * 16,
    "thirty-two": [32] * 8,
    "five of five": [5] * 5,
    "unequal": [9, 1, 2, 5, 3, 7, 1, 4] * 2,
    "a large first": [40, 1, 1, 1, 1, 1, 1],
    "a large last": [1, 1, 1, 1, 1, 40],
    "one to three": [1, 3, 2] * 11,
    "two": [2, 2],
    "a short last": [32, 32, 32, 4],
}


def numbers(answer: Answer) -> dict[str, Measured]:
    record = LlmRecord(**AROUND, answer=answer)
    return {number.metric: number for number in LLM.derive(record, LlmParams())}


def between(measured: Measured) -> tuple[float, float]:
    assert measured.value is not None
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    assert low <= measured.value <= high
    assert (measured.unknown is None) == (measured.low is None) == (measured.high is None)
    return low, high


@pytest.mark.parametrize("sizes", CHUNKINGS.values(), ids=CHUNKINGS)
def test_what_the_engine_counts_by_chunk_gives_the_true_rate(sizes: list[int]) -> None:
    answer = answer_of(sizes, counted=True)
    assert answer.first is not None
    assert (answer.first.chunks, answer.first.tokens) == (1, sizes[0])
    assert answer.last_tokens == sum(sizes)
    metrics = numbers(answer)
    assert metrics["gen_tokens_per_s"].value == pytest.approx(TRUE)
    assert metrics["tpot_ms"].value == pytest.approx(STEP_NS / 1e6)
    assert metrics["chars_per_s"].value == pytest.approx(5 * TRUE)
    assert all(number.unknown is None for number in metrics.values())


@pytest.mark.parametrize("sizes", CHUNKINGS.values(), ids=CHUNKINGS)
def test_without_a_count_by_chunk_the_true_rate_lies_in_the_bounds(sizes: list[int]) -> None:
    metrics = numbers(answer_of(sizes))
    for metric, true in (("gen_tokens_per_s", TRUE), ("tpot_ms", STEP_NS / 1e6)):
        low, high = between(metrics[metric])
        assert low <= true * (1 + 1e-9)
        assert true <= high * (1 + 1e-9)
        # Each token has five characters here, so that the text tells which chunks hold more.
        assert metrics[metric].value == pytest.approx(true)
        assert (metrics[metric].unknown is None) == (set(sizes) == {1})
    # What the characters are is known without the engine.
    assert metrics["chars_per_s"].value == pytest.approx(5 * TRUE)


@pytest.mark.parametrize(
    ("first", "rest", "tokens"),
    [
        # Of 10 tokens in 4 chunks, the first one holds 1 at least, and 7 at most.
        (1, 99, 1),
        (90, 10, 7),
        (50, 50, 5),
    ],
)
def test_an_estimate_by_the_text_stays_within_what_can_be(
    first: int, rest: int, tokens: int
) -> None:
    reader = hearing()
    for at, length in enumerate((first, rest - 2, 1, 1)):
        take(reader, Delta(text="w" * length), FIRST_NS + at * STEP_NS)
    take(reader, Delta(finish="length", usage=Usage(output=10)), 10**12)
    rate = numbers(facts(reader))["gen_tokens_per_s"]
    assert rate.numerator == pytest.approx(10 - tokens)
    low, high = between(rate)
    assert low == pytest.approx(TRUE)
    assert high == pytest.approx(3 * TRUE)


@pytest.mark.parametrize("apart_ns", [0, 30_000])
@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("size", [4, 32])
def test_messages_that_are_written_together_do_not_count_as_steps(
    size: int, counted: bool, apart_ns: int
) -> None:
    answer = answer_of([size] * 6, events=True, counted=counted, apart_ns=apart_ns)
    assert answer.first is not None
    assert (answer.first.chunks, answer.content) == (size, 6 * size)
    metrics = numbers(answer)
    assert metrics["gen_tokens_per_s"].value == pytest.approx(TRUE)
    assert metrics["chars_per_s"].value == pytest.approx(5 * TRUE)
    assert metrics["gen_tokens_per_s"].unknown is None
    assert metrics["ttft_ms"].value == (FIRST_NS + (size - 1) * STEP_NS) / 1e6


sizes = st.lists(st.integers(1, 40), min_size=2, max_size=60)


@given(sizes, st.integers(100_000, 10**9), st.booleans(), st.booleans())
def test_any_chunking_of_a_steady_stream_has_its_rate_in_the_bounds(
    sizes: list[int], step_ns: int, counted: bool, events: bool
) -> None:
    answer = answer_of(sizes, step_ns=step_ns, counted=counted, events=events)
    metrics = numbers(answer)
    for metric, true in (("gen_tokens_per_s", 1e9 / step_ns), ("tpot_ms", step_ns / 1e6)):
        low, high = between(metrics[metric])
        assert low <= true * (1 + 1e-9)
        assert true <= high * (1 + 1e-9)
        assert metrics[metric].unknown is None or not (counted or events)


@given(sizes, st.data())
def test_tokens_without_text_and_an_unsent_end_are_in_the_counts(
    sizes: list[int], data: st.DataObject
) -> None:
    """A split character has no text of its own; an end token is counted and never sent."""
    silent = data.draw(st.lists(st.integers(0, 3), min_size=len(sizes), max_size=len(sizes)))
    reader, tokens = hearing(), 0
    for size, before in zip(sizes, silent, strict=True):
        for _ in range(before):
            tokens += 1
            piece = Delta(usage=Usage(output=tokens))
            take(reader, piece, FIRST_NS + tokens * STEP_NS)
        tokens += size
        take(reader, Delta(text="w", usage=Usage(output=tokens)), FIRST_NS + tokens * STEP_NS)
    take(reader, Delta(finish="stop", usage=Usage(output=tokens + 1, unseen=1)), 10**12)
    metrics = numbers(facts(reader))
    assert metrics["gen_tokens_per_s"].value == pytest.approx(TRUE)
    assert metrics["gen_tokens"].value == tokens + 1
    assert metrics["gen_tokens_per_s"].unknown is None


def test_token_counts_of_single_chunks_are_added_up() -> None:
    reader, tokens = hearing(), 0
    for size in (7, 2, 3):
        tokens += size
        take(reader, Delta(text="w", tokens=size), FIRST_NS + tokens * STEP_NS)
    take(reader, Delta(finish="length", usage=Usage(output=tokens)), 10**12)
    assert numbers(facts(reader))["gen_tokens_per_s"].value == pytest.approx(TRUE)


@pytest.mark.parametrize(
    "counts",
    [
        [0, 0, 0, 0],
        [4, 4, 4, 4],
        [8, 4, 12, 16],
        [4, 8, 12, 99],
        [None, 8, 12, 16],
        [4, 8, 12, None],
        [-4, 8, 12, 16],
        ["4", "x", 12, 16],
    ],
)
def test_counts_that_are_not_running_sums_are_ignored(counts: Sequence[int | None]) -> None:
    reader = hearing()
    for at, count in enumerate(counts):
        usage = Usage(output=count)
        take(reader, Delta(text="w", usage=usage), FIRST_NS + 4 * at * STEP_NS)
    take(reader, Delta(finish="length", usage=Usage(output=16)), 10**12)
    answer = facts(reader)
    assert answer.first is not None
    assert (answer.first.tokens, answer.last_tokens) == (None, None)
    rate = numbers(answer)["gen_tokens_per_s"]
    assert rate.value == pytest.approx(TRUE)
    assert rate.unknown is not None


def test_a_later_stall_does_not_change_the_first_chunks() -> None:
    reader = hearing()
    for at in range(40):
        take(reader, Delta(text="w"), FIRST_NS + at * STEP_NS + (60 * 10**9 if at > 20 else 0))
    take(reader, Delta(finish="length", usage=Usage(output=40)), 10**12)
    answer = facts(reader)
    assert answer.first is not None
    assert answer.first.chunks == 1


def test_a_gap_is_a_tokens_time_only_where_each_chunk_is_one_token() -> None:
    assert numbers(answer_of([1] * 30, counted=True))["itl_ms"].value == pytest.approx(20)
    assert numbers(answer_of([1] * 30))["itl_ms"].value == pytest.approx(20)
    for counted in (True, False):
        itl = numbers(answer_of([2] + [1] * 29, counted=counted))["itl_ms"]
        assert itl.value is None
        assert "30 chunks hold 31 tokens" in (itl.reason or "")
