"""Metrics and stamps derived from a job's log are those that were measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from anyio import to_thread

from benchrace.events import Chunks, RoundDone
from benchrace.kinds import LLM, SERVE, Kind
from benchrace.kinds.llm import LlmRecord, ServeRecord
from benchrace.plugin.llm.response.restamp import (
    Arrivals,
    StampsUnavailable,
    restamp_many,
    restamp_single,
)
from benchrace.protocol.agent_worker import DeriveOrder, WorkerSetup
from benchrace.run.rederive import RawRound, Rederived
from benchrace.stats.raw import arrivals
from benchrace.testing import JobResult, ask, job_lane, job_spec, plugin_ref, run_job
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, serving
from tests.kinds.llm_answers import AROUND
from tests.plugin.llm.chunked import answer_of
from tests.small_text import WHERE

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
PLUGINS = (plugin_ref("tests.small_text"),)
ROOT = str(Path(__file__).parents[3])
CLIENT = ("ttft_ms", "ttfo_ms", "total_ms", "tpot_ms", "icl_p50_ms", "icl_max_ms", "stalls")


async def script(peer: Peer, request: Request) -> None:
    """A role, two thoughts, then tokens; two of them in one segment, and the end apart."""
    n = json.loads(request.body)["n"]
    deltas = [{"role": "assistant"}, {"thinks": "hm"}, {"thinks": "ah"}]
    deltas += [{"text": f"t{i} "} for i in range(n - 2)]
    await peer.say(CHUNKED)
    for at, delta in enumerate(deltas):
        if at % 7:
            await anyio.sleep(0.001)
        await peer.chunk(json.dumps(delta).encode() + b"\n")
    await peer.chunk(json.dumps({"done": n}).encode() + b"\n")
    await peer.say(LAST)


async def job(tmp_path: Path, kind: Kind, params: Mapping[str, Any]) -> JobResult:
    spec = job_spec(kind.name, [job_lane(0, "small_text", params)], rounds=2)
    async with serving(script) as served:
        environment = {WHERE: served.url, "PYTHONPATH": ROOT}
        return await to_thread.run_sync(
            lambda: run_job(spec, tmp_path, PLUGINS, environment=environment)
        )


def came(done: JobResult, round_: int) -> dict[int, Arrivals]:
    return arrivals(event for event in done.of(Chunks) if event.round == round_)


def derive(record: dict[str, Any], kind: Kind, **params: Any) -> Rederived:
    order = DeriveOrder(
        setup=WorkerSetup(plugins=PLUGINS),
        kind=kind.name,
        lanes=(job_lane(0, "small_text", params),),
        rounds=(RawRound(lane_id="lane-0", round=0, record=record),),
    )
    reply = ask(order, {"PYTHONPATH": ROOT})
    assert reply is not None
    assert reply.failure is None
    return msgspec.convert(reply.result, Rederived)


def stripped(record: LlmRecord) -> LlmRecord:
    """Forget every instant and gap that stamps are to give again."""
    answer = msgspec.structs.replace(
        record.answer, first_ns=None, last_ns=None, bound_ns=0, gaps=type(record.answer.gaps)()
    )
    return msgspec.structs.replace(record, answer=answer)


async def test_client_side_times_come_out_of_the_log_as_they_were_measured(tmp_path: Path) -> None:
    params = {"max_tokens": 40}
    done = await job(tmp_path, LLM, params)
    rounds = done.of(RoundDone)
    assert len(rounds) == 3
    for round_ in rounds:
        recorded = msgspec.convert(round_.payload.record, LlmRecord)
        assert (recorded.answer.content, recorded.answer.skipped) == (40, (0, 41))
        again = restamp_single(stripped(recorded), came(done, round_.round))
        assert again == recorded
        measured = {one.metric: one for one in round_.payload.measured}
        result = {one.metric: one for one in LLM.derive(again, LLM.params(**params))}
        for metric in CLIENT:
            assert result[metric] == measured[metric]
            assert measured[metric].value is not None


async def test_many_answers_come_out_of_the_log_too(tmp_path: Path) -> None:
    done = await job(tmp_path, SERVE, {"max_tokens": 12, "requests": 6, "concurrency": 3})
    for event in done.of(RoundDone):
        recorded = msgspec.convert(event.payload.record, ServeRecord)
        bare = msgspec.structs.replace(recorded, gaps=type(recorded.gaps)())
        assert restamp_many(bare, came(done, event.round)) == recorded


def older(record: Any) -> Any:
    """A record as it was before it told what came first."""
    if isinstance(record, list):
        return [older(item) for item in record]
    if not isinstance(record, dict):
        return record
    new = {"first", "last_tokens", "least", "most"}
    return {name: older(value) for name, value in record.items() if name not in new}


@pytest.mark.parametrize("kind", [LLM, SERVE], ids=lambda kind: kind.name)
async def test_what_an_older_record_does_not_tell_is_made_of_its_stamps(
    tmp_path: Path, kind: Kind
) -> None:
    many = {"requests": 6, "concurrency": 3} if kind is SERVE else {}
    done = await job(tmp_path, kind, {"max_tokens": 12, **many})
    last = done.of(RoundDone)[-1]
    assert last.payload.record is not None
    old = older(last.payload.record)
    again: Any = restamp_many if kind is SERVE else restamp_single
    computed = again(msgspec.convert(old, kind.record), came(done, last.round))
    recorded: Any = msgspec.convert(last.payload.record, kind.record)
    if kind is SERVE:
        assert computed.steady == recorded.steady
    for one, other in zip(answers_of(computed), answers_of(recorded), strict=True):
        assert (one.first.chunks, one.first.end_ns) == (other.first.chunks, other.first.end_ns)
    measured = {one.metric: one for one in last.payload.measured}
    result = {one.metric: one for one in kind.derive(computed, kind.params(max_tokens=12, **many))}
    same = {"gen_tokens_per_s", "tpot_ms", "steady_tokens_per_s", "throughput_tokens_per_s"}
    assert {name: result[name] for name in same & set(result)} == {
        name: measured[name] for name in same & set(measured)
    }


def answers_of(record: Any) -> Any:
    return record.answers if isinstance(record, ServeRecord) else (record.answer,)


def test_an_old_log_of_several_tokens_a_chunk_derives_to_the_estimate() -> None:
    # 256 tokens in 8 chunks of 32, over 4.48 s: 56.9 tok/s by the older formula.
    answer = answer_of([32] * 8)
    record = older(msgspec.to_builtins(LlmRecord(**AROUND, answer=answer)))
    (round_,) = derive(record, LLM, max_tokens=256).rounds
    result = {figure.metric: figure for figure in round_.measured}["gen_tokens_per_s"]
    assert result.value == pytest.approx(50)
    assert result.high == pytest.approx(255 / 4.48)
    assert result.low == pytest.approx(7 / 4.48)
    assert result.unknown is not None
    assert result.unknown.code == "tokens_in_chunks"


async def test_a_worker_derives_what_it_has_measured(tmp_path: Path) -> None:
    params = {"max_tokens": 12}
    done = await job(tmp_path, LLM, params)
    last = done.of(RoundDone)[-1].payload
    answer = derive(last.record, LLM, **params)
    assert answer.workloads["small_text"].metrics_version == LLM.metrics_version
    assert answer.rounds[0].problem is None
    assert {figure.metric: figure for figure in answer.rounds[0].measured} == {
        figure.metric: figure for figure in last.measured
    }


def test_a_record_of_another_shape_is_a_problem_in_words() -> None:
    (result,) = derive({"answer": 3}, LLM).rounds
    assert result.measured == ()
    assert "does not match its type" in (result.problem or "")
    (invalid,) = derive({}, LLM, max_tokens=-1).rounds
    assert "parameters are not valid" in (invalid.problem or "")


async def test_stamps_that_are_not_all_there_make_nothing(tmp_path: Path) -> None:
    done = await job(tmp_path, LLM, {"max_tokens": 12})
    recorded = msgspec.convert(done.of(RoundDone)[0].payload.record, LlmRecord)
    whole = came(done, 0)[0]
    short = Arrivals(sent_ns=whole.sent_ns, t_ns=whole.t_ns[:-1], bound_ns=whole.bound_ns[:-1])
    for lacking in ({}, {0: Arrivals(sent_ns=None, t_ns=())}, {0: short}):
        with pytest.raises(StampsUnavailable):
            restamp_single(recorded, lacking)
    moved = msgspec.structs.replace(recorded.answer, output_ns=1)
    with pytest.raises(StampsUnavailable, match="output began"):
        restamp_single(msgspec.structs.replace(recorded, answer=moved), {0: whole})
