"""A summary from other numbers than the log's, and how the two differ."""

from typing import Any

import msgspec

from benchrace.events import Measured, Stream, Verdict, encode
from benchrace.events.envelope import Chunks, RoundDone
from benchrace.events.payloads import ChunksPayload, RoundDonePayload
from benchrace.kinds import LLM
from benchrace.kinds.llm import Gaps
from benchrace.run.rederive import DerivedRound
from benchrace.stats.raw import Raw, arrivals, raw_rounds
from benchrace.stats.rederive import changes, merged, restamped, summary
from tests.stats.text_run import COLD, ratio, run

METADATA = run(COLD)


def event(kind: Any, payload: Any, seq: int, number: int = 0, job_id: str = "j-m") -> Any:
    return kind(
        run_id="r",
        job_id=job_id,
        machine_id="m",
        lane_id="lane-0",
        round=number,
        stream=Stream.WORK,
        seq=seq,
        t_ns=seq,
        timestamp_s=1.0,
        payload=payload,
    )


def done(number: int, *measured: Measured, job_id: str = "j-m", **record: Any) -> bytes:
    payload = RoundDonePayload(
        warmup=False,
        heat=number,
        elapsed_ns=10**9,
        record=record or {"elapsed": number},
        measured=measured,
        verdict=Verdict(),
        metrics_version=1,
    )
    return encode(event(RoundDone, payload, 10 + number, number, job_id)).rstrip(b"\n")


LOG = (
    done(0, ratio("gen_tokens_per_s", 10, 1), Measured(metric="own", value=1)),
    done(1, ratio("gen_tokens_per_s", 20, 1)),
    b"{torn",
)
TWICE = (
    DerivedRound(lane_id="lane-0", round=0, measured=(ratio("gen_tokens_per_s", 20, 1),)),
    DerivedRound(lane_id="lane-0", round=1, measured=(ratio("gen_tokens_per_s", 20, 1),)),
)


def raw() -> tuple[Raw, ...]:
    return tuple(raw_rounds(METADATA, LOG))


def test_what_derives_otherwise_is_a_change_and_what_the_backend_measured_stays() -> None:
    numbers = merged(raw(), TWICE)
    assert [number.metric for number in numbers["lane-0", 0]] == ["gen_tokens_per_s", "own"]
    (change,) = changes(raw(), numbers)
    assert (change.metric, change.rounds, change.first_round) == ("gen_tokens_per_s", 1, 0)
    assert (change.was, change.now) == (
        ratio("gen_tokens_per_s", 10, 1),
        ratio("gen_tokens_per_s", 20, 1),
    )


def test_the_summary_is_folded_of_the_new_numbers() -> None:
    collected = summary(METADATA, LOG, merged(raw(), TWICE), {})
    assert collected.lanes[0].summary["gen_tokens_per_s"].value == 20
    assert collected.result is not None
    assert list(collected.result.lanes[0].rounds) == [20, 20]
    before = summary(METADATA, LOG, {}, {})
    assert before.lanes[0].summary["gen_tokens_per_s"].value == 15


def test_a_round_with_a_problem_keeps_its_numbers() -> None:
    bad = DerivedRound(lane_id="lane-0", round=0, problem="another shape")
    numbers = merged(raw(), (bad, TWICE[1]))
    assert list(numbers) == [("lane-0", 1)]
    assert changes(raw(), numbers) == ()


def test_rounds_of_another_job_or_without_a_record_are_no_raw_rounds() -> None:
    assert list(raw_rounds(METADATA, (done(0, job_id="j-other"),))) == []


def part(first: int, *t_ns: int, bounds: tuple[int, ...] = ()) -> Chunks:
    payload = ChunksPayload(
        first=first, t_ns=t_ns, size=(1,) * len(t_ns), bound_ns=bounds, sent_ns=5
    )
    chunks: Chunks = event(Chunks, payload, first)
    return chunks


def test_parts_of_a_request_are_put_together_once_each() -> None:
    result = arrivals([part(2, 30), part(0, 10, 20, bounds=(0, 4)), part(2, 30)])[0]
    assert (list(result.t_ns), list(result.bound_ns)) == ([10, 20, 30], [0, 4, 0])
    assert arrivals([part(0, 10), part(2, 30)]) == {}


def test_records_without_their_stamps_are_counted_with_the_reason() -> None:
    record: dict[str, Any] = {
        "prompt_digest": "p",
        "engine": {"name": "e"},
        "cache": "unknown",
        "cache_proof": "none",
        "prefix_tokens": None,
        "load_ns": None,
        "load_source": None,
        "timing_source": "user",
        "answers": [],
        "gaps": msgspec.to_builtins(Gaps()),
    }
    rounds = tuple(raw_rounds(METADATA, (done(0, **record), done(1, **record, answer=3))))
    result = restamped(rounds)
    assert result is not None
    assert (result.same, result.different, result.unknown) == (1, 0, 1)
    assert "does not match its type" in result.reasons[0]
    assert restamped(raw()) is None


def test_metrics_of_today_are_those_of_the_workload_now() -> None:
    now = msgspec.structs.replace(METADATA.workloads["b"], metrics=(LLM.metrics[0],))
    collected = summary(METADATA, LOG, {}, {"b": now})
    assert list(collected.lanes[0].summary) == ["gen_tokens_per_s", "energy_j"]
