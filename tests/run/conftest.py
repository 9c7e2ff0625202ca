"""Machines that offer counting, and a second kind of work that two backends share."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from benchrace.kinds import COMPUTE, Params
from benchrace.plugin import Annotated, Drawing, Meta
from benchrace.plugin.description import BackendDescription, WorkloadDescription
from benchrace.run.machine import MachineState, MachineView
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning import plan
from benchrace.run.spec import RunSpec

View = Callable[..., MachineView]


def resolve(spec: RunSpec, machines: Sequence[MachineView]) -> RunMetadata:
    """Plan a run with a name, a time and a salt."""
    return plan.resolve(spec, machines, run_id="r", version="1", created_at=1.5, salt="drawn")


class TextParams(Params, frozen=True, kw_only=True):
    model: str = "tiny"
    temperature: float = 0.2
    stop: int | None = None
    raw: bool = False
    size: Annotated[int, Meta(ge=1)] = 1


def workload(kind: str = "compute", *, together: bool = True) -> WorkloadDescription:
    params = COMPUTE.params if kind == "compute" else TextParams
    presets: dict[str, dict[str, Any]] = (
        {"50M": {"n": 50_000_000}, "2M": {"n": "2M"}} if kind == "compute" else {}
    )
    return WorkloadDescription(
        kind=kind,
        title=kind,
        params_schema=msgspec.json.schema(params),
        metrics=COMPUTE.metrics,
        metrics_version=1,
        presets=presets,
        automatic="n" if kind == "compute" else None,
        work=COMPUTE.work if kind == "compute" else (),
        saturates=(),
        drawing=Drawing.PROGRESS,
        together=together,
        load_params=() if kind == "compute" else ("size", "raw"),
    )


@pytest.fixture
def view() -> View:
    def make(
        machine_id: str = "local",
        *,
        state: MachineState = MachineState.READY,
        host_id: str | None = None,
        share_host: bool = False,
        together: bool = True,
        backends: tuple[tuple[str, str], ...] = (("primes", "compute"),),
    ) -> MachineView:
        return MachineView(
            machine_id=machine_id,
            label=machine_id.title(),
            state=state,
            host_id=host_id or f"host-of-{machine_id}",
            share_host=share_host,
            backends=tuple(
                BackendDescription(
                    name=name,
                    title=name,
                    version="1",
                    workloads=(workload(kind, together=together),),
                )
                for name, kind in backends
            ),
        )

    return make
