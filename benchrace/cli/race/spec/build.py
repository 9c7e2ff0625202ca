"""The specification that `benchrace run` submits: a file's or a stored run's, below its options."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from benchrace import structs
from benchrace.cli.race.spec import options
from benchrace.cli.runs.archive import Archive, find
from benchrace.errors import FieldError, InvalidInput, NotFound
from benchrace.run.spec import RunSpec

# They belong to the run that is repeated alone.
_NOT_REPEATED = ("tags", "notes", "continues")


def read(file: Path | None) -> dict[str, Any]:
    """Return the fields of a TOML, YAML or JSON file; none without a file."""
    return msgspec.to_builtins(options.read_spec(file)) if file else {}


def of_run(run: str, *archives: Archive) -> dict[str, Any]:
    """Return the fields of a stored run's specification, to be run again.

    The run is of the first archive that has it; raises `NotFound` where none has.
    """
    *others, last = archives
    for archive in others:
        with suppress(NotFound):
            return _fields(archive, run)
    return _fields(last, run)


def _fields(archive: Archive, run: str) -> dict[str, Any]:
    fields = msgspec.to_builtins(archive.document(find(archive, run)).spec)
    return {name: value for name, value in fields.items() if name not in _NOT_REPEATED}


def build(
    base: dict[str, Any],
    workload: str | None,
    params: tuple[str, ...],
    lanes: tuple[str, ...],
    tags: tuple[str, ...],
    **others: Any,
) -> RunSpec:
    """Merge `base` and options; options override parameter by parameter."""
    fields = dict(base)
    if workload:
        fields["kind"] = workload
    if "kind" not in fields:
        raise InvalidInput(
            FieldError("--workload", "missing: use --workload KIND, a SPEC file or --from RUN"),
            "Run `benchrace params` to list the installed kinds.",
        )
    fields["params"] = fields.get("params", {}) | options.params(params)
    if lanes:
        fields["lanes"] = [options.lane(lane) for lane in lanes]
    if tags:
        fields["tags"] = tags
    fields |= {name: value for name, value in others.items() if value is not None}
    if others.get("rounds") is not None:
        fields["rounds"] = options.rounds(others["rounds"])
    try:
        return structs.convert(fields, RunSpec)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise InvalidInput(FieldError(path.rstrip("`"), message)) from error
