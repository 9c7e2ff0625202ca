"""Lanes of one model that differ in what it is loaded with do not take turns."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.errors import InvalidInput
from benchrace.run.machine import MachineView
from benchrace.run.spec import LaneSpec, Order, ResidentModels, RunSpec
from tests.run.conftest import resolve

View = Callable[..., MachineView]
TWO = (("one", "text"), ("two", "text"))


def request(*lanes: dict[str, Any], **other: Any) -> RunSpec:
    specs = [
        LaneSpec(backend=params.pop("backend", "one"), params=params) for params in map(dict, lanes)
    ]
    return RunSpec(kind="text", lanes=tuple(specs), resident=ResidentModels.MANY, **other)


def machine(view: View, **digests: str) -> MachineView:
    offer = view(backends=TWO, together=False)
    return msgspec.structs.replace(offer, digests={"one": digests})


@pytest.mark.parametrize("order", [Order.ABBA, Order.RANDOM])
@pytest.mark.parametrize(
    ("lanes", "words"),
    [
        (({"size": 4}, {"size": 8}), "size 4 and 8 of the model"),
        (({"size": 4}, {}), "size 4 and 1"),
        (({"size": "1k"}, {"size": 1}), "size 1000 and 1"),
        (({"model": "a:latest", "raw": True}, {"model": "A"}), "raw True and False of a:latest"),
        (({"model": "a", "size": 2}, {"model": "copy"}), "size 2 and 1 of a"),
        (({"model": "b", "size": 2}, {"model": "a"}, {"model": "b"}), "size 2 and 1 of b"),
    ],
)
def test_turns_that_would_load_again_are_refused_with_the_remedy(
    view: View, order: Order, lanes: tuple[dict[str, Any], ...], words: str
) -> None:
    here = machine(view, a="sha256:1", copy="sha256:1")
    with pytest.raises(InvalidInput) as refused:
        resolve(request(*lanes, order=order), [here])
    (error,) = refused.value.fields
    assert error.path == "order"
    assert words in error.message
    assert "use contiguous" in error.message
    assert resolve(request(*lanes), [here]).order is Order.CONTIGUOUS


@pytest.mark.parametrize(
    "lanes",
    [
        ({"temperature": 0.1, "size": 4}, {"temperature": 0.9, "size": 4}),
        ({"size": 1}, {}),
        ({"model": "a", "size": 4}, {"model": "b", "size": 8}),
        ({"size": 4}, {"size": 8, "backend": "two"}),
    ],
)
def test_equal_values_and_unlike_models_take_turns(
    view: View, lanes: tuple[dict[str, Any], ...]
) -> None:
    here = machine(view, a="sha256:1", b="sha256:2")
    assert resolve(request(*lanes), [here]).order is Order.ABBA
    assert resolve(request(*lanes, order=Order.RANDOM), [here]).order is Order.RANDOM


def test_lanes_of_two_machines_share_no_engine(view: View) -> None:
    machines = [view(name, backends=TWO, together=False) for name in ("here", "there")]
    lanes = tuple(
        LaneSpec(machine_id=item.machine_id, backend="one", params={"size": at + 1})
        for at, item in enumerate(machines)
    )
    spec = RunSpec(kind="text", lanes=lanes, order=Order.ABBA)
    assert resolve(spec, machines).order is Order.ABBA


LEAN = {"model": {"type": "string"}, "raw": {"type": "boolean", "default": False}}


def one_server(view: View, *, at: str = "localhost:11434", named: str = "") -> MachineView:
    """Make a machine with two backends for one engine; `two` has no `size`."""
    offer = machine(view, **{"a:latest": "sha256:1"})
    one, two = offer.backends
    lean = msgspec.structs.replace(
        two.workloads[0],
        params_schema={"properties": {**LEAN, "server": {"type": "string"}}},
        load_params=("raw",),
    )
    names = {named: at} if named else {"": at}
    return msgspec.structs.replace(
        offer,
        backends=(one, msgspec.structs.replace(two, workloads=(lean,))),
        digests={"one": {"a:latest": "sha256:1"}, "two": {"a:latest": "sha256:1"}},
        engines={"one": {"a:latest": {"": "localhost:11434"}}, "two": {"a:latest": names}},
    )


@pytest.mark.parametrize("named", ["", "ollama"])
def test_two_backends_of_one_engine_take_no_turns(view: View, named: str) -> None:
    other = {"model": "a:latest", "backend": "two", **({"server": named} if named else {})}
    here = one_server(view, named=named)
    with pytest.raises(InvalidInput) as refused:
        resolve(request({"model": "a", "size": 4}, other, order=Order.ABBA), [here])
    assert "size 4 and 1 of a" in refused.value.fields[0].message


@pytest.mark.parametrize(
    ("one", "other", "at"),
    [
        # What it does not say, the engine decides, as it does for the default.
        ({}, {}, "localhost:11434"),
        ({"size": 4}, {}, "localhost:11435"),
        ({"size": 4}, {"server": "unknown"}, "localhost:11434"),
        ({"size": 4}, {"model": "b"}, "localhost:11434"),
    ],
)
def test_two_backends_take_turns_where_nothing_is_loaded_again(
    view: View, one: dict[str, Any], other: dict[str, Any], at: str
) -> None:
    lanes = {"model": "a", **one}, {"model": "a", "backend": "two", **other}
    assert resolve(request(*lanes), [one_server(view, at=at)]).order is Order.ABBA
