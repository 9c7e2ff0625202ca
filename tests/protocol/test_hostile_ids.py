"""No message of the link carries an id that could be more than the name of one file."""

import json
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.protocol import agent_central as m
from benchrace.protocol import agent_worker
from benchrace.protocol.artifacts import ArtifactAsk
from benchrace.protocol.capabilities import Calibrated, LaneReadiness
from benchrace.protocol.job import JobSpec
from benchrace.protocol.machine_settings import SettingsReport
from benchrace.protocol.operations import OperationStatus
from benchrace.run.artifact import RunArtifact
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.spec import Order
from benchrace.run.states import JobPhase
from tests.central.offer import capabilities
from tests.hostile import corrupted

RUN, JOB, LANE, DIGEST = "2026-11-24_101500_abcdef", "j0123456789abcdef", "lane-0", "0" * 64
FAILURE = Failure(category=Category.BUSY, message="m", remedy="r")
SPEC = JobSpec(
    run_id=RUN,
    job_id=JOB,
    machine_id="m1",
    kind="work",
    lanes=(JobLane(lane_id=LANE, label="l", backend="b", params={}),),
    schedule=(Slot(lane_id=LANE, round=0),),
    order=Order.ABBA,
    salt="s",
)
REPORT = m.JobReport(
    job_id=JOB, run_id=RUN, phase=JobPhase.DONE, heat=None, lines={"work": 1, "agent": 0}
)
FROM_AGENT: tuple[m.FromAgent, ...] = (
    m.Hello(
        protocol="1.0",
        version="0",
        token=None,
        instance="i",
        host_id="h",
        share_host=False,
        capabilities=capabilities("m1"),
        jobs=(REPORT,),
    ),
    m.CapabilitiesChanged(capabilities=capabilities("m1")),
    m.PhaseChanged(job_id=JOB, phase=JobPhase.READY, heat=0),
    m.JobRefused(job_id=JOB, failure=FAILURE),
    m.Answer(ask_id=1),
    m.Pong(ping_id=1, received_ns=1, sent_ns=1),
    m.SettingsReported(report=SettingsReport(version=1, used={})),
    m.Goodbye(),
)
FROM_CENTRAL: tuple[m.FromCentral, ...] = (
    m.Welcome(protocol="1.0", version="0", instance="i", resume={JOB: {"work": 0}}),
    m.Refused(failure=FAILURE),
    m.Ping(ping_id=1),
    m.StartJob(spec=SPEC),
    m.Go(job_id=JOB, heat=0, at_ns=0),
    m.Shorten(job_id=JOB, rounds=1, lane_ids=(LANE,)),
    m.CancelJob(job_id=JOB, reason="r"),
    m.Ack(job_id=JOB, stream="work", next_seq=1),
    m.ApplySettings(version=1, settings={"keep_jobs": 5}),
    m.Ask(
        ask_id=1,
        what="artifact",
        lanes=SPEC.lanes,
        artifact=ArtifactAsk(job_id=JOB, sha256=DIGEST, offset=0),
    ),
)
# What is decoded beside the messages themselves: answers to questions, frames, workers' orders.
OTHERS: tuple[msgspec.Struct, ...] = (
    m.Frame(job=JOB, stream="work", first_seq=0, count=1),
    LaneReadiness(lane_id=LANE),
    Calibrated(lane_id=LANE, params={}),
    SPEC,
    agent_worker.Shorten(rounds=1, lane_ids=(LANE,)),
    RunArtifact(
        name="n",
        media_type="t",
        size=1,
        sha256=DIGEST,
        job_id=JOB,
        machine_id="m1",
        lane_id=LANE,
        round=0,
    ),
)
# An engine's backend in an order to operate is looked up, and an answer without ids is free.
WITHOUT_IDS = (
    m.Answer,
    m.Pong,
    m.Goodbye,
    m.Refused,
    m.Ping,
    m.SettingsReported,
    m.ApplySettings,
)


def test_every_message_is_tried() -> None:
    assert {type(message) for message in FROM_AGENT} == set(get_args(m.FromAgent))
    assert {type(message) for message in FROM_CENTRAL} == set(get_args(m.FromCentral))


def check_refusals(
    message: m.FromAgent | m.FromCentral, decode: Callable[[str | bytes], object]
) -> None:
    """Check that a message is taken as it is, and with no hostile id in any place."""
    assert decode(m.encode(message)) == message
    tried = 0
    for where, bad in corrupted(json.loads(m.encode(message))):
        tried += 1
        with pytest.raises(BenchraceError) as raised:
            pytest.fail(f"{where} was taken: {decode(json.dumps(bad))}")
        assert raised.value.category is Category.VALIDATION, where
    assert tried or isinstance(message, WITHOUT_IDS)


@pytest.mark.parametrize("message", FROM_AGENT, ids=lambda message: type(message).__name__)
def test_central_refuses_each_hostile_id(message: m.FromAgent) -> None:
    check_refusals(message, m.decode_from_agent)


@pytest.mark.parametrize("message", FROM_CENTRAL, ids=lambda message: type(message).__name__)
def test_an_agent_refuses_each_hostile_id(message: m.FromCentral) -> None:
    check_refusals(message, m.decode_from_central)


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: type(value).__name__)
def test_what_else_is_decoded_has_no_hostile_id(value: Any) -> None:
    kind = type(value)
    assert msgspec.json.decode(msgspec.json.encode(value), type=kind) == value
    result = list(corrupted(json.loads(msgspec.json.encode(value))))
    assert result
    for where, bad in result:
        with pytest.raises(msgspec.ValidationError):
            pytest.fail(f"{where} was taken: {msgspec.convert(bad, kind)}")


@pytest.mark.parametrize("number", [-1, -(10**9)])
def test_a_round_is_counted_from_0(number: int) -> None:
    bad = json.loads(msgspec.json.encode(SPEC))
    bad["schedule"][0]["round"] = number
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, JobSpec)


def test_a_refusal_is_in_words() -> None:
    with pytest.raises(BenchraceError) as raised:
        m.decode_from_central('{"type":"canceljob","job_id":"../x","reason":""}')
    assert "invalid name or id - at `$.job_id`" in raised.value.message


def test_an_operation_names_its_machine() -> None:
    with pytest.raises(msgspec.ValidationError, match="machine_id"):
        msgspec.convert({"machine_id": "../x"}, OperationStatus, strict=False)
