"""`POST /api/jobs`: a run in its older form, one lane a machine."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api import decoding
from benchrace.api.runs import Submitted
from benchrace.central.central import Central
from benchrace.central.fleet.status import MachineStatus
from benchrace.compat.preferred import DEFAULT_TEST
from benchrace.compat.preferred import preferred as usual
from benchrace.errors import FieldError, InvalidInput
from benchrace.run.spec import RunSpec
from benchrace.web import body
from benchrace.web.answer import answer

_IGNORED = frozenset({"stream", "repeat_index"})
# Of work that no mock can do, an older client's wish for one says nothing.
_TEXT = frozenset({"llm_generate", "llm_serve"})
_OWN = {
    "test_type": "kind",
    "repeat": "rounds",
    "only_ready": "only_ready",
    "warmup": "warmup",
    "name": "name",
    "tags": "tags",
    "notes": "notes",
    "timeout_s": "timeout_s",
}
_NATIVE = {native: older for older, native in _OWN.items()}
_LANE = re.compile(r"lanes\[(?P<index>\d+)\](?:\.params\.(?P<name>.+)|\..*)?")


class OlderJob(msgspec.Struct, frozen=True, kw_only=True):
    """The older form; every other field is a parameter of the work."""

    test_type: str = DEFAULT_TEST
    machine_ids: tuple[str, ...] | None = None
    repeat: int = 1
    only_ready: bool = False


def install_jobs(app: Quart, central: Central) -> None:
    """Add the route."""

    @app.post("/api/jobs")
    @document_request(OlderJob)
    @document_response(Submitted, 202)
    async def submit_jobs() -> Response:
        """Queue a run, requested in the older form."""
        older = await body.read(request, dict[str, Any])
        try:
            spec = decoding.convert(preferred(native(older), central.machines()), RunSpec)
            return answer(Submitted(run_id=await central.submit(spec)), 202)
        except InvalidInput as error:
            raise InvalidInput([as_given(field) for field in error.fields], error.remedy) from error


def native(older: dict[str, Any]) -> dict[str, Any]:
    """Sort a flat body into a run specification. Pure.

    An older client says null for what it leaves open.
    """
    fields = {key: value for key, value in older.items() if value is not None}
    machines = fields.pop("machine_ids", ())
    backend = {"backend": fields.pop("backend")} if "backend" in fields else {}
    own = {_OWN[key]: value for key, value in fields.items() if key in _OWN}
    ignored = (
        _IGNORED if fields.get("test_type", DEFAULT_TEST) in _TEXT else _IGNORED | {"fallback"}
    )
    params = {key: value for key, value in fields.items() if key not in _OWN and key not in ignored}
    if not isinstance(machines, list | tuple):
        raise InvalidInput(FieldError("machine_ids", "expected a list"))
    lanes = [{"machine_id": machine, **backend} for machine in machines]
    return {
        "kind": DEFAULT_TEST,
        "rounds": 1,
        "warmup": 0,
        **own,
        "params": params,
        "lanes": lanes or ([backend] if backend else []),
    }


def preferred(spec: dict[str, Any], machines: Sequence[MachineStatus]) -> dict[str, Any]:
    """Name each machine's engine where several there offer the work; who names no machine means
    every one that can do it now. Pure.
    """
    chosen = {
        machine.view.machine_id: usual(
            {"kind": spec["kind"], "params": spec["params"]}, capabilities
        )
        for machine in machines
        if (capabilities := machine.capabilities) is not None
    }
    engines = {
        name: {"backend": engine["backend"]}
        for name, engine in chosen.items()
        if "backend" in engine
    }
    lanes = spec["lanes"]
    if not lanes and engines:
        able = [machine.view for machine in machines if machine.view.available]
        lanes = [
            {"machine_id": view.machine_id}
            for view in able
            if any(view.workload(one.name, spec["kind"]) for one in view.backends)
        ]
    return {
        **spec,
        "lanes": [{**engines.get(str(lane.get("machine_id")), {}), **lane} for lane in lanes],
    }


def as_given(field: FieldError) -> FieldError:
    """Name a field as the older request has it."""
    if (lane := _LANE.fullmatch(field.path)) is not None:
        return FieldError(lane["name"] or f"machine_ids[{lane['index']}]", field.message)
    path = field.path.removeprefix("params.")
    return FieldError(_NATIVE.get(path, path), field.message)
