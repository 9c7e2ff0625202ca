"""Which models are pulled where, decided before anything is asked for."""

import msgspec
import pytest

from benchrace.central.answers import BackendAnswer, MachineAnswer
from benchrace.central.models import Lacks
from benchrace.cli.models import _size
from benchrace.cli.pulls import Pull, Skipped, Wanted, plan
from benchrace.config.model_policy import Group
from benchrace.errors import InvalidInput
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model
from benchrace.run.machine import MachineState
from tests.central.offer import WORKLOAD


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
        workloads=(msgspec.structs.replace(WORKLOAD, kind=kind),),
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
    made = plan((A, B), Wanted(), Group(llm=("tiny", "big:70b")))
    assert [(each.machine_id, each.model) for each in made.pulls] == [
        ("a", "tiny"),
        ("b", "tiny"),
        ("b", "big:70b"),
    ]
    assert made.skipped == ()


def test_named_models_and_machines_win() -> None:
    made = plan((A, B), Wanted(models=("BIG:70B", "new"), machines=("a",)), Group())
    assert made.pulls == (Pull(machine_id="a", backend="one", model="new"),)
    assert made.skipped == (Skipped(machine_id="a", model="BIG:70B", why="it is there already"),)
    with pytest.raises(InvalidInput, match="there is no machine 'c'; there are a, b"):
        plan((A, B), Wanted(machines=("c",)), Group())


def test_a_large_one_is_left_out_by_what_another_machine_tells() -> None:
    made = plan((A, B), Wanted(models=("big:70b",), most_bytes=8 * 10**9), Group())
    (left,) = [each for each in made.skipped if each.machine_id == "b"]
    assert left.why == "it has 40 GB, more than the 8 GB of --skip-large"
    assert not left.wrong
    assert made.pulls == ()


def test_a_machine_that_cannot_pull_is_wrong() -> None:
    bare = machine("a", backend("one", pulls=False))
    (left,) = plan((bare,), Wanted(models=("m",)), Group()).skipped
    assert (left.why, left.wrong) == ("no backend there can pull", True)
    (other,) = plan((A,), Wanted(models=("m",), backend="two"), Group()).skipped
    assert other.why == "no backend there can pull by the name two"


def test_of_several_backends_the_one_for_the_work_that_answers() -> None:
    text, ear = backend("text"), backend("ear", kind="transcribe")
    both = machine("a", text, ear)
    wanted = Wanted(models=("base",))
    assert plan((both,), wanted, Group(whisper=("base",))).pulls[0].backend == "ear"
    assert plan((both,), wanted, Group(llm=("base",))).pulls[0].backend == "text"
    (left,) = plan((both,), wanted, Group()).skipped
    assert left.why == "several backends can: say --backend, one of text, ear"
    silent = machine("a", text, backend("other", reachable=False))
    assert plan((silent,), wanted, Group()).pulls[0].backend == "text"


def test_machines_that_are_away_are_left_out_unless_named() -> None:
    lost = machine("a", backend("one"), lacks=("m",), state=MachineState.LOST)
    assert plan((lost,), Wanted(), Group()).pulls == ()
    assert len(plan((lost,), Wanted(machines=("a",)), Group()).pulls) == 1


@pytest.mark.parametrize(
    ("text", "size"), [("8GB", 8 * 10**9), ("500m", 5 * 10**8), ("1.5 T", 15 * 10**11), ("7", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert _size(text) == size


def test_no_size() -> None:
    with pytest.raises(InvalidInput, match="--large: 'tiny' is no size"):
        _size("tiny")
