"""Questions to plugins, answered by real workers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.errors import Category
from benchrace.plugin import Probe, Problem
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.protocol.agent_worker import (
    CalibrateOrder,
    ConfigureOrder,
    PreflightOrder,
    ProbeOrder,
    WorkerSetup,
)
from benchrace.protocol.capabilities import Calibrated, LaneReadiness, PreflightAnswer
from benchrace.testing import ask, job_lane, plugin_ref

Write = Callable[..., tuple[PluginRef, ...]]
MODULE = """
import sys, time
from benchrace.plugin import *

class Settings(Config, frozen=True, kw_only=True):
    url: Annotated[str, Meta(min_length=1)]

class Odd(ComputeParams, frozen=True, kw_only=True):
    sure: bool = True

class Asked(Backend):
    name, title, config = "asked", "Asked", CONFIG
    workloads = (Workload(kind=COMPUTE, params=Odd, automatic="n"),)

    async def round(self, lane, context):
        raise AssertionError("a question runs no round")

    async def probe(self, context):
        BODY

    async def preflight(self, lane, context):
        BODY
        bad = (FieldError("n", "too many"),) if lane.params.n > 10**8 else ()
        return Readiness(fields=bad)

    async def calibrate(self, lane, context):
        BODY

@hookimpl
def benchrace_backends():
    return [Asked]
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(body: str, config: str = "None") -> tuple[PluginRef, ...]:
        (tmp_path / "asked.py").write_text(MODULE.replace("BODY", body).replace("CONFIG", config))
        return (plugin_ref("asked"),)

    return write


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    return {"PYTHONPATH": str(tmp_path)}


def preflight(
    plugins: tuple[PluginRef, ...], environment: Mapping[str, str], *params: dict[str, Any]
) -> list[LaneReadiness]:
    return list(answer_preflight(plugins, environment, *params).lanes)


def answer_preflight(
    plugins: tuple[PluginRef, ...],
    environment: Mapping[str, str],
    *params: dict[str, Any],
    probe: tuple[str, ...] = (),
) -> PreflightAnswer:
    lanes = tuple(job_lane(index, "asked", values) for index, values in enumerate(params))
    setup = WorkerSetup(plugins=plugins)
    order = PreflightOrder(setup=setup, kind="compute", lanes=lanes, probe=probe)
    reply = ask(order, environment)
    assert reply is not None
    assert reply.failure is None
    return msgspec.convert(reply.result, PreflightAnswer)


def test_a_good_lane_gets_its_parameters_completed(
    write: Write, environment: Mapping[str, str]
) -> None:
    (lane,) = preflight(write("pass"), environment, {"n": 5})
    assert lane.ready
    assert lane.params is not None
    assert (lane.params["n"], lane.params["sure"]) == (5, True)


def test_every_bad_field_is_named(write: Write, environment: Mapping[str, str]) -> None:
    (lane,) = preflight(
        write("pass"), environment, {"n": 0, "threads": "two", "sure": 1, "colour": "red"}
    )
    assert {field.path for field in lane.fields} == {"n", "threads", "sure", "colour"}
    assert lane.params is None
    assert not lane.ready


def test_what_the_backend_refuses_is_passed_on(
    write: Write, environment: Mapping[str, str]
) -> None:
    good, bad = preflight(write("pass"), environment, {"n": 10**8}, {"n": 10**9})
    assert good.ready
    assert [(field.path, field.message) for field in bad.fields] == [("n", "too many")]


def test_auto_is_accepted_for_the_automatic_parameter_alone(
    write: Write, environment: Mapping[str, str]
) -> None:
    auto, other = preflight(write("pass"), environment, {"n": "auto"}, {"threads": "auto"})
    assert auto.ready
    assert auto.params is not None
    assert auto.params["n"] == "auto"
    assert [field.path for field in other.fields] == ["threads"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("raise ZeroDivisionError('oh')", "ZeroDivisionError: oh"),
        ("sys.exit(4)", "SystemExit: 4"),
        ("raise BenchraceError(Category.UNREACHABLE, 'no answer')", "no answer"),
        ("return 7", "it returned 7"),
    ],
)
def test_a_backend_that_fails_is_a_problem_of_its_lane(
    write: Write, environment: Mapping[str, str], body: str, text: str
) -> None:
    (lane,) = preflight(write(body), environment, {})
    assert lane.fields == ()
    assert text in lane.problems[0].message
    assert lane.problems[0].remedy
    # A bug has its traceback; what the plugin says itself needs none.
    assert (lane.problems[0].detail is None) == ("UNREACHABLE" in body)


def test_a_probe_that_fails_is_an_engine_that_is_not_reachable(
    write: Write, environment: Mapping[str, str]
) -> None:
    reply = ask(ProbeOrder(setup=WorkerSetup(plugins=write("raise ValueError('oh')"))), environment)
    assert reply is not None
    result = msgspec.convert(reply.result, dict[str, Probe])["asked"]
    assert not result.reachable
    assert "ValueError: oh" in result.problems[0].message


@pytest.mark.parametrize("names", [(), ("asked",)])
def test_preflight_probes_what_it_is_asked_to(
    write: Write, environment: Mapping[str, str], names: tuple[str, ...]
) -> None:
    body = "return Probe(reachable=True, version='7')"
    answer = answer_preflight(write(body), environment, {}, probe=names)
    assert {name: probe.version for name, probe in answer.probes.items()} == dict.fromkeys(
        names, "7"
    )


def test_a_bad_table_names_its_key(write: Write, environment: Mapping[str, str]) -> None:
    plugins = write("return Probe(reachable=True, version=self.settings.url)", "Settings")
    collected = {}
    for name, table in {"good": {"url": "x"}, "bad": {"url": ""}, "odd": {"ulr": "x"}}.items():
        reply = ask(
            ProbeOrder(setup=WorkerSetup(plugins=plugins, config={"asked": table})), environment
        )
        assert reply is not None
        collected[name] = msgspec.convert(reply.result, dict[str, Probe])["asked"]
    assert collected["good"].version == "x"
    assert "$.url" in collected["bad"].problems[0].message
    assert "ulr" in collected["odd"].problems[0].message
    assert "agent.yaml" in collected["odd"].problems[0].remedy


def calibrate(
    plugins: tuple[PluginRef, ...], environment: Mapping[str, str], *params: dict[str, Any]
) -> Any:
    lanes = tuple(job_lane(index, "asked", values) for index, values in enumerate(params))
    reply = ask(
        CalibrateOrder(setup=WorkerSetup(plugins=plugins), kind="compute", lanes=lanes), environment
    )
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("config", "table", "message"),
    [
        ("Settings", {"url": "http://e"}, None),
        ("Settings", {"uri": "http://e"}, "unknown field `uri`"),
        ("Settings", None, None),
        ("None", {"url": "http://e"}, "takes no configuration"),
    ],
)
def test_tables_are_checked_without_asking_an_engine(
    write: Write,
    environment: Mapping[str, str],
    config: str,
    table: dict[str, Any] | None,
    message: str | None,
) -> None:
    tables = {} if table is None else {"asked": table}
    order = ConfigureOrder(
        setup=WorkerSetup(plugins=write("raise SystemExit(3)", config), config=tables)
    )
    reply = ask(order, environment)
    assert reply is not None
    problems = msgspec.convert(reply.result, dict[str, Problem])
    assert set(problems) == ({"asked"} if message else set())
    assert message is None or message in problems["asked"].message


def test_auto_comes_to_a_value(write: Write, environment: Mapping[str, str]) -> None:
    reply = calibrate(write("return {'n': 777}"), environment, {"n": "auto"}, {"n": 5})
    assert msgspec.convert(reply.result, list[Calibrated]) == [
        Calibrated(lane_id="lane-0", params={"n": 777}),
        Calibrated(lane_id="lane-1", params={}),
    ]


@pytest.mark.parametrize(
    ("body", "category"),
    [
        ("return None", Category.VALIDATION),
        ("return {'threads': 1}", Category.PLUGIN_ERROR),
        ("return {'n': -1}", Category.PLUGIN_ERROR),
        ("raise BenchraceError(Category.OUT_OF_MEMORY, 'full')", Category.OUT_OF_MEMORY),
    ],
)
def test_a_calibration_that_fails_is_a_failure(
    write: Write, environment: Mapping[str, str], body: str, category: Category
) -> None:
    reply = calibrate(write(body), environment, {"n": "auto"})
    assert reply.failure.category is category


@pytest.mark.slow
def test_a_question_that_blocks_the_loop_is_answered_for_it(
    write: Write, environment: Mapping[str, str]
) -> None:
    reply = ask(ProbeOrder(setup=WorkerSetup(plugins=write("time.sleep(3600)"))), environment)
    assert reply is not None
    assert reply.failure is not None
    assert reply.failure.category is Category.PLUGIN_ERROR
    assert "time.sleep(3600)" in (reply.failure.detail or "")
