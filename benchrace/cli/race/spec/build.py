"""The specification that `benchrace run` submits: a file's or a stored run's, below its options."""

from pathlib import Path
from typing import Any

import msgspec

from benchrace.cli.race.spec import options
from benchrace.errors import FieldError, InvalidInput
from benchrace.run.spec import RunSpec

# They belong to the run that is repeated.
_ITS_OWN = ("tags", "notes", "continues")


def read(file: Path | None) -> dict[str, Any]:
    """Return the fields of a TOML, YAML or JSON file; none without a file."""
    return msgspec.to_builtins(options.read_spec(file)) if file else {}


def stored(run: str, central: str | None, token: str | None, data: Path) -> dict[str, Any]:
    """Return the fields of the same run once more; raises `NotFound` where no run is meant."""
    from benchrace.cli.runs.archive import archive, find

    with archive(central, token, data) as runs:
        fields = msgspec.to_builtins(runs.document(find(runs, run)).spec)
    return {name: value for name, value in fields.items() if name not in _ITS_OWN}


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
        return msgspec.convert(fields, RunSpec)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise InvalidInput(FieldError(path.rstrip("`"), message)) from error
