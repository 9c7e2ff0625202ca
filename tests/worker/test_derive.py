"""Numbers and stamps out of the log of a job are those that were measured."""

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
from benchrace.plugin.llm.again import Arrivals, Unknown, many_again, single_again
from benchrace.run.control import DeriveOrder
from benchrace.run.rederive import RawRound, Rederived
from benchrace.stats.raw import arrivals
from benchrace.testing import JobResult, ask, job_lane, job_spec, plugin_ref, run_job
from benchrace.testing.server import CHUNKED, LAST, Asked, Peer, serving
from tests.small_text import WHERE

pytestmark = pytest.mark.anyio
PLUGINS = (plugin_ref("tests.small_text"),)
ROOT = str(Path(__file__).parents[2])
CLIENT = ("ttft_ms", "ttfo_ms", "total_ms", "tpot_ms", "icl_p50_ms", "icl_max_ms", "stalls")


async def script(peer: Peer, asked: Asked) -> None:
    """A role, two thoughts, then tokens; two of them in one segment, and the end apart."""
    n = json.loads(asked.body)["n"]
    said = [{"role": "assistant"}, {"thinks": "hm"}, {"thinks": "ah"}]
    said += [{"text": f"t{i} "} for i in range(n - 2)]
    await peer.say(CHUNKED)
    for at, each in enumerate(said):
        if at % 7:
            await anyio.sleep(0.001)
        await peer.chunk(json.dumps(each).encode() + b"\n")
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
    return arrivals(each for each in done.of(Chunks) if each.round == round_)


def derive(record: dict[str, Any], kind: Kind, **params: Any) -> Rederived:
    order = DeriveOrder(
        plugins=PLUGINS,
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
    for each in rounds:
        recorded = msgspec.convert(each.payload.record, LlmRecord)
        assert (recorded.answer.content, recorded.answer.skipped) == (40, (0, 41))
        again = single_again(stripped(recorded), came(done, each.round))
        assert again == recorded
        measured = {one.metric: one for one in each.payload.measured}
        found = {one.metric: one for one in LLM.derive(again, LLM.params(**params))}
        for metric in CLIENT:
            assert found[metric] == measured[metric]
            assert measured[metric].value is not None


async def test_many_answers_come_out_of_the_log_too(tmp_path: Path) -> None:
    done = await job(tmp_path, SERVE, {"max_tokens": 12, "requests": 6, "concurrency": 3})
    for each in done.of(RoundDone):
        recorded = msgspec.convert(each.payload.record, ServeRecord)
        bare = msgspec.structs.replace(recorded, gaps=type(recorded.gaps)())
        assert many_again(bare, came(done, each.round)) == recorded


async def test_a_worker_derives_what_it_has_measured(tmp_path: Path) -> None:
    params = {"max_tokens": 12}
    done = await job(tmp_path, LLM, params)
    last = done.of(RoundDone)[-1].payload
    answer = derive(last.record, LLM, **params)
    assert answer.workloads["small_text"].metrics_version == LLM.metrics_version
    assert answer.rounds[0].problem is None
    assert {each.metric: each for each in answer.rounds[0].measured} == {
        each.metric: each for each in last.measured
    }


def test_a_record_of_another_shape_is_a_problem_in_words() -> None:
    (found,) = derive({"answer": 3}, LLM).rounds
    assert found.measured == ()
    assert "another shape" in (found.problem or "")
    (invalid,) = derive({}, LLM, max_tokens=-1).rounds
    assert "parameters are not valid" in (invalid.problem or "")


async def test_stamps_that_are_not_all_there_make_nothing(tmp_path: Path) -> None:
    done = await job(tmp_path, LLM, {"max_tokens": 12})
    recorded = msgspec.convert(done.of(RoundDone)[0].payload.record, LlmRecord)
    whole = came(done, 0)[0]
    short = Arrivals(sent_ns=whole.sent_ns, t_ns=whole.t_ns[:-1], bound_ns=whole.bound_ns[:-1])
    for lacking in ({}, {0: Arrivals(sent_ns=None, t_ns=())}, {0: short}):
        with pytest.raises(Unknown):
            single_again(recorded, lacking)
    moved = msgspec.structs.replace(recorded.answer, output_ns=1)
    with pytest.raises(Unknown, match="output began"):
        single_again(msgspec.structs.replace(recorded, answer=moved), {0: whole})
