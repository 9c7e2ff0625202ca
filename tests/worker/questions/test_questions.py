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
from benchrace.run.lane import JobLane
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
    name, title, config = "NAME", "Asked", CONFIG
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


def writer(folder: Path) -> Write:
    def write(body: str, config: str = "None", name: str = "asked") -> tuple[PluginRef, ...]:
        text = MODULE.replace("BODY", body).replace("CONFIG", config).replace("NAME", name)
        (folder / f"{name}.py").write_text(text)
        return (plugin_ref(name),)

    return write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return writer(tmp_path)


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    return {"PYTHONPATH": str(tmp_path)}


def preflight(
    plugins: tuple[PluginRef, ...],
    environment: Mapping[str, str],
    *lanes: JobLane,
    probe: tuple[str, ...] = (),
) -> PreflightAnswer:
    setup = WorkerSetup(plugins=plugins)
    order = PreflightOrder(setup=setup, kind="compute", lanes=lanes, probe=probe)
    reply = ask(order, environment)
    assert reply is not None
    assert reply.failure is None
    return msgspec.convert(reply.result, PreflightAnswer)


LANES: dict[str, dict[str, Any]] = {
    "good": {"n": 5},
    "bad": {"n": 0, "threads": "two", "sure": 1, "colour": "red"},
    "largest": {"n": 10**8},
    "too large": {"n": 10**9},
    "auto": {"n": "auto"},
    "auto elsewhere": {"threads": "auto"},
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LaneReadiness]:
    """Ask one worker about all lanes of these tests, and return what it says of each."""
    folder = tmp_path_factory.mktemp("answers")
    lanes = [job_lane(index, "asked", params) for index, params in enumerate(LANES.values())]
    answer = preflight(writer(folder)("pass"), {"PYTHONPATH": str(folder)}, *lanes)
    return dict(zip(LANES, answer.lanes, strict=True))


def test_a_good_lane_gets_its_parameters_completed(answers: dict[str, LaneReadiness]) -> None:
    lane = answers["good"]
    assert lane.ready
    assert lane.params is not None
    assert (lane.params["n"], lane.params["sure"]) == (5, True)


def test_every_bad_field_is_named(answers: dict[str, LaneReadiness]) -> None:
    lane = answers["bad"]
    assert {field.path for field in lane.fields} == {"n", "threads", "sure", "colour"}
    assert lane.params is None
    assert not lane.ready


def test_what_the_backend_refuses_is_passed_on(answers: dict[str, LaneReadiness]) -> None:
    assert answers["largest"].ready
    refused = answers["too large"].fields
    assert [(field.path, field.message) for field in refused] == [("n", "too many")]


def test_auto_is_accepted_for_the_automatic_parameter_alone(
    answers: dict[str, LaneReadiness],
) -> None:
    auto = answers["auto"]
    assert auto.ready
    assert auto.params is not None
    assert auto.params["n"] == "auto"
    assert [field.path for field in answers["auto elsewhere"].fields] == ["threads"]


def test_a_backend_that_fails_is_a_problem_of_its_lane(
    write: Write, environment: Mapping[str, str]
) -> None:
    bodies = {
        "raising": ("raise ZeroDivisionError('oh')", "ZeroDivisionError: oh"),
        "leaving": ("sys.exit(4)", "SystemExit: 4"),
        "failing": ("raise BenchraceError(Category.UNREACHABLE, 'no answer')", "no answer"),
        "answering": ("return 7", "it returned 7"),
    }
    plugins = [plugin for name, (body, _) in bodies.items() for plugin in write(body, name=name)]
    lanes = [job_lane(index, name, {}) for index, name in enumerate(bodies)]
    answer = preflight(tuple(plugins), environment, *lanes)
    for (name, (_, text)), lane in zip(bodies.items(), answer.lanes, strict=True):
        assert lane.fields == ()
        assert text in lane.problems[0].message
        assert lane.problems[0].remedy
        # A bug has its traceback; what the plugin says itself needs none.
        assert (lane.problems[0].detail is None) == (name == "failing")


def test_preflight_probes_what_it_is_asked_to(write: Write, environment: Mapping[str, str]) -> None:
    plugins = write("return Probe(reachable=True, version='7')") + write("pass", name="other")
    answer = preflight(plugins, environment, job_lane(0, "asked", {}), probe=("asked",))
    assert {name: probe.version for name, probe in answer.probes.items()} == {"asked": "7"}


def test_a_probe_that_fails_is_an_engine_that_is_not_reachable(
    write: Write, environment: Mapping[str, str]
) -> None:
    reply = ask(ProbeOrder(setup=WorkerSetup(plugins=write("raise ValueError('oh')"))), environment)
    assert reply is not None
    result = msgspec.convert(reply.result, dict[str, Probe])["asked"]
    assert not result.reachable
    assert "ValueError: oh" in result.problems[0].message


def test_a_bad_table_names_its_key(write: Write, environment: Mapping[str, str]) -> None:
    tables = {"good": {"url": "x"}, "bad": {"url": ""}, "odd": {"ulr": "x"}}
    body = "return Probe(reachable=True, version=self.settings.url)"
    plugins = [plugin for name in tables for plugin in write(body, "Settings", name)]
    setup = WorkerSetup(plugins=tuple(plugins), config=tables)
    reply = ask(ProbeOrder(setup=setup), environment)
    assert reply is not None
    probes = msgspec.convert(reply.result, dict[str, Probe])
    assert probes["good"].version == "x"
    assert "$.url" in probes["bad"].problems[0].message
    assert "ulr" in probes["odd"].problems[0].message
    assert "agent.yaml" in probes["odd"].problems[0].remedy


def calibrate(
    plugins: tuple[PluginRef, ...], environment: Mapping[str, str], *params: dict[str, Any]
) -> Any:
    lanes = tuple(job_lane(index, "asked", values) for index, values in enumerate(params))
    reply = ask(
        CalibrateOrder(setup=WorkerSetup(plugins=plugins), kind="compute", lanes=lanes), environment
    )
    assert reply is not None
    return reply


def test_tables_are_checked_without_asking_an_engine(
    write: Write, environment: Mapping[str, str]
) -> None:
    cases: dict[str, tuple[str, dict[str, str] | None]] = {
        "good": ("Settings", {"url": "http://e"}),
        "odd": ("Settings", {"uri": "http://e"}),
        "bare": ("Settings", None),
        "plain": ("None", {"url": "http://e"}),
    }
    plugins = [
        plugin
        for name, (config, _) in cases.items()
        for plugin in write("raise SystemExit(3)", config, name)
    ]
    tables = {name: table for name, (_, table) in cases.items() if table is not None}
    reply = ask(
        ConfigureOrder(setup=WorkerSetup(plugins=tuple(plugins), config=tables)), environment
    )
    assert reply is not None
    problems = msgspec.convert(reply.result, dict[str, Problem])
    assert set(problems) == {"odd", "plain"}
    assert "unknown field `uri`" in problems["odd"].message
    assert "takes no configuration" in problems["plain"].message


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


def test_plugins_are_asked_with_the_usual_collections(
    write: Write, environment: Mapping[str, str]
) -> None:
    plugins = write("import gc; return Probe(reachable=True, version=str(gc.get_threshold()[0]))")
    reply = ask(ProbeOrder(setup=WorkerSetup(plugins=plugins)), environment)
    assert reply is not None
    assert 0 < int(reply.result["asked"]["version"]) < 20_000
