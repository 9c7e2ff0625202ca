"""What a command waits for before it submits a run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

import pytest
from click import Command
from click.testing import CliRunner

from benchrace.api.machines import (
    BackendAnswer,
    MachineAnswer,
    MachineList,
    PluginState,
    RejectedAgent,
    WorkloadReference,
)
from benchrace.cli.connect import fleet
from benchrace.cli.race import race, run
from benchrace.errors import BenchraceError
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.machine import Condition, MachineState
from tests.central.offer import capabilities

KIND = "work"


def machine(*plugins: PluginState, state: MachineState = MachineState.READY) -> MachineAnswer:
    offered: Capabilities = capabilities("m1")
    usable = any(not plugin.pending and plugin.error is None for plugin in plugins)
    backends = tuple(
        BackendAnswer(
            name=backend.description.name,
            title=backend.description.title,
            version=None,
            workloads=tuple(
                WorkloadReference(kind=workload.kind, title=workload.title, digest="")
                for workload in backend.description.workloads
            ),
        )
        for backend in offered.backends
    )
    return MachineAnswer(
        machine_id="m1",
        label="m1",
        state=state,
        condition=Condition.READY,
        reason=None,
        excluded=False,
        host_id="h",
        share_host=False,
        version="0",
        address=None,
        connected_at=1.0,
        run_id=None,
        offset_ns=None,
        uncertainty_ns=None,
        backends=backends if usable else (),
        plugins=plugins,
    )


class Central:
    """Answers with one fleet after the other; the last one stays."""

    url = "http://127.0.0.1:8080"

    def __init__(self, *fleets: tuple[MachineAnswer, ...], **more: Any) -> None:
        self.left = [MachineList(machines=machines, **more) for machines in fleets]

    def fleet(self) -> MachineList:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


class Phases:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def end(self) -> None:
        return


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds of a clock that a sleep moves on by one."""
    seconds = [0.0]

    def sleep(_: float) -> None:
        seconds[0] += 1.0

    clock = SimpleNamespace(monotonic=lambda: seconds[0], sleep=sleep)
    monkeypatch.setattr(fleet, "time", clock)
    return seconds


GOOD = PluginState(name="good")
SLOW = PluginState(name="slow", pending=True)
BROKEN = PluginState(name="broken", error="it cannot be imported: no module named x")


def wait(central: Central, kind: str | None = KIND) -> tuple[tuple[MachineAnswer, ...], Phases]:
    phases = Phases()
    ready = fleet.wait_for_machine(central, phases, kind)  # type: ignore[arg-type]
    return ready, phases


def test_a_plugin_that_is_being_described_is_waited_for(now: list[float]) -> None:
    complete = (machine(GOOD, BROKEN),)
    ready, _ = wait(Central((), (machine(GOOD, SLOW),), complete))
    assert ready == complete


def test_a_plugin_that_hangs_is_not_waited_for_where_the_kind_is_offered(now: list[float]) -> None:
    stuck = (machine(GOOD, SLOW),)
    ready, phases = wait(Central(stuck))
    assert ready == stuck
    assert 10 < now[0] < 13
    assert phases.lines[-1] == "waiting for plugins: slow"


def test_the_only_plugin_is_waited_for_until_it_is_described(now: list[float]) -> None:
    stuck = (machine(SLOW),)
    ready, _ = wait(Central(*[stuck] * 100, (machine(GOOD),)))
    assert ready == (machine(GOOD),)


def test_a_machine_without_a_plugin_is_refused_at_once_with_the_reasons(now: list[float]) -> None:
    with pytest.raises(BenchraceError, match="broken: it cannot be imported") as refused:
        wait(Central((machine(BROKEN),)))
    assert now[0] < 5
    assert "benchrace plugins" in refused.value.remedy


def test_no_agent_is_said_with_how_one_is_started(now: list[float]) -> None:
    gone = (machine(GOOD, state=MachineState.STOPPED),)
    denied = RejectedAgent(address="192.0.2.7", reason="a wrong token", times=1)
    with pytest.raises(BenchraceError, match="no agent is linked to http") as refused:
        wait(Central(gone, refused=(denied,)))
    assert "m1 (stopped)" in refused.value.message
    assert "a wrong token" in refused.value.message
    assert now[0] < 5
    start = "BENCHRACE_TOKEN=TOKEN benchrace agent start --central http://127.0.0.1:8080"
    assert start in refused.value.remedy


def test_an_agent_that_is_refused_is_not_waited_for_and_its_own_remedy_is_given(
    now: list[float],
) -> None:
    denied = RejectedAgent(address="192.0.2.7", reason="protocol 1", remedy="Update it.", times=1)
    with pytest.raises(
        BenchraceError, match=r"central rejected an agent at 192\.0\.2\.7: protocol 1"
    ) as error:
        wait(Central((), refused=(denied,)))
    assert now[0] < 5
    assert error.value.remedy == "Update it."


def test_a_link_is_waited_for_and_plugins_are_not(now: list[float]) -> None:
    phases, central = Phases(), Central((), (), (machine(SLOW),))
    fleet.wait_for_link(central, phases)  # type: ignore[arg-type]
    assert now == [2]
    assert phases.lines == ["waiting for a machine to link"] * 2


def test_a_link_is_not_waited_for_where_no_agent_will_join(now: list[float]) -> None:
    denied = RejectedAgent(address="192.0.2.7", reason="a wrong token", times=1)
    fleet.wait_for_link(Central((), refused=(denied,)), Phases())  # type: ignore[arg-type]
    assert now[0] < 5
    fleet.wait_for_link(Central(()), Phases())  # type: ignore[arg-type]
    assert now[0] < 70


def test_one_that_links_beside_an_agent_that_is_refused_is_taken(now: list[float]) -> None:
    denied = RejectedAgent(address="192.0.2.7", reason="a wrong token", times=1)
    complete = (machine(GOOD),)
    ready, _ = wait(
        Central((), (machine(SLOW),), *[(machine(SLOW),)] * 9, complete, refused=(denied,))
    )
    assert ready == complete


@pytest.mark.parametrize("probe", [True, False])
def test_the_agent_of_a_command_probes_at_once_or_on_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, probe: bool
) -> None:
    started: list[list[str]] = []

    @contextmanager
    def child(_service: object, arguments: list[str], _token: str) -> Iterator[str]:
        started.append(arguments)
        yield "http://127.0.0.1:1"

    monkeypatch.setattr(fleet, "_child", child)
    shown: Any = Phases()
    with fleet.connect(None, None, tmp_path, shown, probe=probe) as connected:
        assert connected.ours
    assert ["--probe-on-request" in arguments for arguments in started] == [False, not probe]


@pytest.mark.parametrize(
    ("module", "command"), [(race, race.race), (run, run.run)], ids=["race", "run"]
)
def test_a_command_that_races_leaves_the_probes_to_planning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: ModuleType, command: Command
) -> None:
    probes: list[bool] = []

    def connect(*_place: object, probe: bool = True, **_more: object) -> NoReturn:
        probes.append(probe)
        sys.exit(0)

    monkeypatch.setattr(module, "connect", connect)
    words = ["--data-dir", str(tmp_path), *([] if module is race else ["--workload", "compute"])]
    assert CliRunner().invoke(command, words).exit_code == 0
    assert probes == [False]
