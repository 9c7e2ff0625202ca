"""Which engine an older client means where several offer the work that it asks for."""

from typing import Any

import msgspec
import pytest

from benchrace.central.fleet.status import MachineStatus
from benchrace.compat.central_jobs import preferred as on_central
from benchrace.compat.preferred import preferred
from benchrace.plugin.readiness import Model
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.machine import Condition, MachineState, MachineView
from tests.central.offer import capabilities


def machine(name: str, **engines: tuple[str, ...]) -> Capabilities:
    plain = capabilities(name)
    backends = [
        msgspec.structs.replace(
            plain.backends[0],
            description=msgspec.structs.replace(plain.backends[0].description, name=engine),
            models=tuple(Model(name=model) for model in models),
        )
        for engine, models in engines.items()
    ]
    return msgspec.structs.replace(plain, backends=tuple(backends))


def status(
    machine_capabilities: Capabilities, state: MachineState = MachineState.READY
) -> MachineStatus:
    view = MachineView(
        machine_id=machine_capabilities.machine_id,
        label=machine_capabilities.label,
        state=state,
        host_id="h",
        share_host=False,
        backends=tuple(backend.description for backend in machine_capabilities.backends),
    )
    return MachineStatus(
        view=view,
        condition=Condition.READY,
        capabilities=machine_capabilities,
        reason=None,
        excluded=False,
        address=None,
        connected_at=None,
        version=None,
    )


@pytest.mark.parametrize(
    ("engines", "model", "chosen"),
    [
        ({"ollama": ("m",), "openai": ()}, "m", "ollama"),
        ({"ollama": (), "openai": ("m",)}, "m", "openai"),
        ({"ollama": ("m",), "openai": ("m",)}, "m", "ollama"),
        ({"ollama": (), "openai": ()}, None, "ollama"),
        ({"one": (), "two": ()}, None, None),
        ({"one": ()}, None, None),
    ],
)
def test_the_one_that_has_the_model_else_the_usual_one(
    engines: dict[str, tuple[str, ...]], model: str | None, chosen: str | None
) -> None:
    request = {"kind": "work", "params": {"model": model}}
    assert preferred(request, machine("a", **engines)).get("backend") == chosen


def test_what_was_said_stays() -> None:
    request = {"kind": "work", "params": {}, "backend": "openai"}
    assert preferred(request, machine("a", ollama=(), openai=())) is request


def lanes(spec: dict[str, Any], *machines: MachineStatus) -> list[dict[str, Any]]:
    whole = {"kind": "work", "params": {"model": "m"}, "lanes": [], **spec}
    result: list[dict[str, Any]] = on_central(whole, machines)["lanes"]
    return result


def test_each_machine_has_its_own() -> None:
    a = status(machine("a", ollama=("m",), openai=()))
    b = status(machine("b", ollama=(), openai=("m",)))
    lost = status(machine("c", ollama=("m",), openai=()), MachineState.LOST)
    wanted = [
        {"machine_id": "a", "backend": "ollama"},
        {"machine_id": "b", "backend": "openai"},
    ]
    assert lanes({"lanes": [{"machine_id": "a"}, {"machine_id": "b"}]}, a, b, lost) == wanted
    assert lanes({}, a, b, lost) == wanted
    named = [{"machine_id": "b", "backend": "ollama"}]
    assert lanes({"lanes": named}, a, b) == named


def test_nothing_is_said_where_nothing_is_to_choose() -> None:
    a = status(machine("a", one=("m",)))
    assert lanes({}, a) == []
    assert lanes({"lanes": [{"machine_id": ["odd"]}]}, a) == [{"machine_id": ["odd"]}]
