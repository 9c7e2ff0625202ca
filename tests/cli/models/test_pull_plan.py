"""Which models are pulled where, decided before anything is asked for."""

import pytest
from click.testing import CliRunner

from benchrace.api.machines import BackendAnswer, MachineAnswer, WorkloadReference
from benchrace.api.models import Lacks
from benchrace.cli.models.pull_command import _size, pull
from benchrace.cli.models.pull_plan import Pull, PullRequest, Skipped, plan
from benchrace.config.model_policy import Group
from benchrace.errors import InvalidInput
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model
from benchrace.run.machine import Condition, MachineState


def backend(
    name: str,
    *models: Model,
    kind: str = "llm_generate",
    pulls: bool = True,
    reachable: bool = True,
) -> BackendAnswer:
    return BackendAnswer(
        name=name,
        title=name,
        version=None,
        workloads=(WorkloadReference(kind=kind, title="Work", digest=""),),
        reachable=reachable,
        models=models,
        operations=(Operation.PULL,) if pulls else (),
    )


def machine(
    name: str,
    *backends: BackendAnswer,
    lacks: tuple[str, ...] = (),
    state: MachineState = MachineState.READY,
) -> MachineAnswer:
    return MachineAnswer(
        machine_id=name,
        label=name,
        state=state,
        condition=Condition.READY,
        reason=None,
        excluded=False,
        host_id="h",
        share_host=False,
        version=None,
        address=None,
        connected_at=None,
        run_id=None,
        offset_ns=None,
        uncertainty_ns=None,
        backends=backends,
        missing=Lacks(required=lacks),
    )


BIG = Model(name="big:70b", size=40_000_000_000)
A = machine("a", backend("one", BIG), lacks=("tiny",))
B = machine("b", backend("one"), lacks=("tiny", "big:70b"))


def test_what_each_machine_lacks_is_pulled_there() -> None:
    planned = plan((A, B), PullRequest(), Group(llm=("tiny", "big:70b")))
    assert [(pull.machine_id, pull.model) for pull in planned.pulls] == [
        ("a", "tiny"),
        ("b", "tiny"),
        ("b", "big:70b"),
    ]
    assert planned.skipped == ()


def test_named_models_and_machines_win() -> None:
    planned = plan((A, B), PullRequest(models=("BIG:70B", "new"), machines=("a",)), Group())
    assert planned.pulls == (Pull(machine_id="a", backend="one", model="new"),)
    assert planned.skipped == (Skipped(machine_id="a", model="BIG:70B", why="already present"),)
    with pytest.raises(InvalidInput, match="unknown machine 'c'; known machines: a, b"):
        plan((A, B), PullRequest(machines=("c",)), Group())


def test_a_large_one_is_left_out_by_what_another_machine_tells() -> None:
    planned = plan((A, B), PullRequest(models=("big:70b",), max_bytes=8 * 10**9), Group())
    (left,) = [skipped for skipped in planned.skipped if skipped.machine_id == "b"]
    assert left.why == "40 GB exceeds the 8 GB limit of --skip-large"
    assert not left.wrong
    assert planned.pulls == ()


def test_a_machine_that_cannot_pull_is_wrong() -> None:
    bare = machine("a", backend("one", pulls=False))
    (left,) = plan((bare,), PullRequest(models=("m",)), Group()).skipped
    assert (left.why, left.wrong) == ("no backend can pull", True)
    (other,) = plan((A,), PullRequest(models=("m",), backend="two"), Group()).skipped
    assert other.why == "no backend named two can pull"


def test_of_several_backends_the_one_for_the_work_that_answers() -> None:
    text, ear = backend("text"), backend("ear", kind="transcribe")
    both = machine("a", text, ear)
    wanted = PullRequest(models=("base",))
    assert plan((both,), wanted, Group(whisper=("base",))).pulls[0].backend == "ear"
    assert plan((both,), wanted, Group(llm=("base",))).pulls[0].backend == "text"
    (left,) = plan((both,), wanted, Group()).skipped
    assert left.why == "several backends can pull: choose one with --backend (text, ear)"
    silent = machine("a", text, backend("other", reachable=False))
    assert plan((silent,), wanted, Group()).pulls[0].backend == "text"


def test_machines_that_are_away_are_left_out_unless_named() -> None:
    lost = machine("a", backend("one"), lacks=("m",), state=MachineState.LOST)
    assert plan((lost,), PullRequest(), Group()).pulls == ()
    assert len(plan((lost,), PullRequest(machines=("a",)), Group()).pulls) == 1


@pytest.mark.parametrize(
    ("text", "size"), [("8GB", 8 * 10**9), ("500m", 5 * 10**8), ("1.5 T", 15 * 10**11), ("7", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert _size(text) == size


def test_no_size() -> None:
    with pytest.raises(InvalidInput, match="--large: invalid size 'tiny'"):
        _size("tiny")


def test_a_limit_that_is_no_size_is_refused_even_where_nothing_is_skipped() -> None:
    result = CliRunner().invoke(pull, ["--large", "x", "--central", "http://127.0.0.1:1"])
    assert isinstance(result.exception, InvalidInput)
    assert str(result.exception) == "--large: invalid size 'x' (e.g. 8GB)"
