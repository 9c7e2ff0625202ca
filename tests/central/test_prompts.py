"""Who writes a prompt, who is left alone, and what is said where nobody can."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.api.prompts import PromptRequest
from benchrace.central.api.prompts import MAX_PROMPTS
from benchrace.central.fleet.status import MachineStatus
from benchrace.central.prompts import effort, why_none, writers
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model, Resident
from benchrace.run.machine import Condition, MachineState, MachineView
from tests.central.offer import capabilities
from tests.central.served import served

pytestmark = pytest.mark.anyio
BIG = Model(name="big:latest", size=9)
SMALL = Model(name="small", size=1)
ANY = PromptRequest(about="tides")


def machine(
    name: str,
    *models: Model,
    state: MachineState = MachineState.READY,
    run_id: str | None = None,
    host: str | None = None,
    **changes: Any,
) -> MachineStatus:
    plain = capabilities(name)
    backend = plain.backends[0]
    described = msgspec.structs.replace(
        backend.description, operations=changes.pop("operations", (Operation.WRITE,))
    )
    status = msgspec.structs.replace(backend, description=described, models=models, **changes)
    machine_capabilities = msgspec.structs.replace(plain, backends=(status,))
    return MachineStatus(
        view=MachineView(
            machine_id=name,
            label=name,
            state=state,
            host_id=host or name,
            share_host=False,
            backends=(described,),
        ),
        condition=Condition.READY,
        capabilities=machine_capabilities,
        reason=None,
        excluded=False,
        address=None,
        connected_at=1.0,
        version="0",
        run_id=run_id,
    )


def candidates(request: PromptRequest, *machines: MachineStatus) -> list[tuple[str, str]]:
    return [(writer.machine_id, writer.model.name) for writer in writers(machines, request)]


def test_models_are_found_by_machine_backend_and_name() -> None:
    a, b = machine("a", BIG, SMALL), machine("b", SMALL)
    assert candidates(ANY, a, b) == [("a", "big:latest"), ("a", "small"), ("b", "small")]
    assert candidates(PromptRequest(about="x", model="big"), a, b) == [("a", "big:latest")]
    assert candidates(PromptRequest(about="x", machine_id="b"), a, b) == [("b", "small")]
    assert candidates(PromptRequest(about="x", backend="other"), a, b) == []


@pytest.mark.parametrize(
    ("away", "why"),
    [
        (machine("a", SMALL, run_id="r-1"), "a is measuring (r-1)"),
        (machine("a", SMALL, state=MachineState.BUSY), "a is measuring (a job)"),
        (machine("a", SMALL, state=MachineState.LOST), "a is lost"),
        (machine("a", SMALL, reachable=False), "no reachable engine has a model"),
        (machine("a", SMALL, operations=()), "no reachable engine has a model"),
        (machine("a"), "no reachable engine has a model"),
    ],
)
def test_who_measures_or_cannot_write_is_left_alone(away: MachineStatus, why: str) -> None:
    assert candidates(ANY, away) == []
    assert why in why_none((away,), ANY)


def test_a_host_that_measures_is_left_alone_by_its_other_agents() -> None:
    racing = machine("a", run_id="r-1", host="one")
    beside = machine("b", SMALL, host="one")
    assert candidates(ANY, racing, beside) == []
    assert why_none((racing, beside), ANY).startswith("a is measuring (r-1)")


def test_what_is_in_memory_comes_first() -> None:
    loaded = msgspec.structs.replace(BIG, loaded=Resident(vram=1))
    order = sorted(writers((machine("a", SMALL, BIG), machine("b", loaded)), ANY), key=effort)
    assert [writer.machine_id for writer in order] == ["b", "a", "a"]
    assert [writer.model.name for writer in order[1:]] == ["small", "big:latest"]


async def test_without_a_model_the_built_in_text_is_given_and_said_to_be_that(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as central:
        answer = await central.http.post("/api/prompts", json={"about": "tides", "tokens": 50})
        body = answer.json()
        assert (answer.status_code, body["source"]) == (200, "fallback")
        assert "tides" in body["prompt"]
        assert body["reason"] == "no reachable engine has a model that can generate text"
        request = {"about": "x", "machine_id": "nobody"}
        assert (await central.http.post("/api/prompts", json=request)).status_code == 404
        for bad in ({}, {"about": ""}, {"about": "x", "tokens": 9}, {"about": "x" * 501}):
            assert (await central.http.post("/api/prompts", json=bad)).status_code == 422


async def test_an_address_gets_so_many_in_a_minute(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        for _ in range(MAX_PROMPTS):
            answer = await central.http.post("/api/prompts", json={"about": "x"})
            assert answer.status_code == 200
        refused = await central.http.post("/api/prompts", json={"about": "x"})
        assert refused.status_code == 429
        assert refused.json()["error"]["category"] == "busy"
        assert "Try again in" in refused.json()["error"]["remedy"]
