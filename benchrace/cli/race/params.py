"""`benchrace params`: the parameters of a workload, with range, default and meaning."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec
from rich.table import Table
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.cli.plugins import describe
from benchrace.cli.race import footnotes
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.plugin.description import PluginDescription, WorkloadDescription
from benchrace.run.planning import schema

_BOUNDS = (
    ("minimum", ">= {:,}"),
    ("exclusiveMinimum", "> {:,}"),
    ("maximum", "<= {:,}"),
    ("exclusiveMaximum", "< {:,}"),
)


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter; `backends` names those that have it, empty where all of the kind do."""

    name: str
    accepts: str
    default: Any
    meaning: str
    backends: tuple[str, ...] = ()


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of work as the installed backends offer it."""

    kind: str
    title: str
    backends: tuple[str, ...]
    params: tuple[Param, ...]
    presets: tuple[str, ...]


@click.command()
@click.argument("kind", required=False)
@options.data_dir
@options.as_json
def params(kind: str | None, data_dir: str | None, as_json: bool) -> None:
    """Show the parameters of workload KIND, or list all kinds.

    Set them with `benchrace run --workload KIND -p KEY=VALUE`, or per lane with `--lane`.
    """
    workloads = installed(data_dir)
    if kind is not None:
        workloads = (find(workloads, kind),)
    if as_json:
        options.print_json({"workloads": workloads})
        return
    if kind is None:
        for workload in workloads:
            click.echo(clean_line(f"{workload.kind}: {workload.title} ({_names(workload)})"))
        return
    screen = console()
    screen.print(Text(clean_line(f"{workloads[0].title}, by {_names(workloads[0])}")))
    screen.print(table(workloads[0]))
    if presets := workloads[0].presets:
        screen.print(Text(clean_line(f"Presets (--preset NAME): {', '.join(presets)}")))


def installed(data_dir: str | None) -> tuple[Workload, ...]:
    """Return the workloads of the plugins that are installed here; raises where none is."""
    workloads = tuple(_workloads(describe(data_dir)))
    if not workloads:
        raise BenchraceError(
            Category.UNREACHABLE,
            "no installed plugin offers a workload",
            "Run `benchrace plugins` to see which are installed or broken.",
        )
    return workloads


def find(workloads: Sequence[Workload], kind: str) -> Workload:
    """Return the workload of that kind; raises `InvalidInput` with the kinds there are."""
    by_kind = {workload.kind: workload for workload in workloads}
    if kind not in by_kind:
        installed_kinds = ", ".join(by_kind)
        raise InvalidInput(
            FieldError("KIND", f"unknown kind {kind[:64]!r}; installed: {installed_kinds}")
        )
    return by_kind[kind]


def table(workload: Workload) -> Table:
    """Draw one line a parameter; the meaning wraps where the terminal is narrow."""
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("parameter", "accepts", "default", "meaning"):
        drawn.add_column(title, overflow="fold", no_wrap=title == "parameter")
    for row in rows(workload):
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def rows(workload: Workload) -> Iterator[tuple[str, str, str, str]]:
    """Return the cells of each parameter: name, what it accepts, default, meaning."""
    for param in workload.params:
        only = f" ({', '.join(param.backends)} only)" if param.backends else ""
        default = "" if param.default in ("", None, []) else footnotes.shorten(_text(param.default))
        cells = (param.name, param.accepts, default, param.meaning + only)
        name, accepts, shown, meaning = map(clean_line, cells)
        yield name, accepts, shown, meaning


def _workloads(plugins: Sequence[PluginDescription]) -> Iterator[Workload]:
    offers: dict[str, dict[str, WorkloadDescription]] = {}
    for plugin in plugins:
        for backend in plugin.backends:
            for workload in backend.workloads:
                offers.setdefault(workload.kind, {})[backend.name] = workload
    for kind, offer in offers.items():
        presets = dict.fromkeys(name for workload in offer.values() for name in workload.presets)
        yield Workload(
            kind=kind,
            title=next(iter(offer.values())).title,
            backends=tuple(offer),
            params=tuple(_params(offer)),
            presets=tuple(presets),
        )


def _params(offer: Mapping[str, WorkloadDescription]) -> Iterator[Param]:
    fields = {name: schema.fields(workload.params_schema) for name, workload in offer.items()}
    for name in dict.fromkeys(name for field in fields.values() for name in field):
        having = tuple(backend for backend, declared in fields.items() if name in declared)
        field = fields[having[0]][name]
        automatic = offer[having[0]].automatic == name
        yield Param(
            name=name,
            accepts=_accepts(field) + (", auto" if automatic else ""),
            default=field.get("default"),
            meaning=str(field.get("description") or field.get("title") or ""),
            backends=having if len(having) < len(fields) else (),
        )


def _accepts(field: schema.Schema) -> str:
    """Describe a parameter's type and range: `integer 1 .. 4,096`, `cold | warm`."""
    if choices := field.get("enum"):
        return " | ".join(map(_text, choices))
    names = " or ".join(sorted(schema.types(field))) or "any"
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f"{names} {low:,} .. {high:,}"
    bounds = [form.format(field[key]) for key, form in _BOUNDS if field.get(key) is not None]
    return " ".join([names, *bounds])


def _text(value: object) -> str:
    """Write a value as it is given on the command line: JSON's `true`, not `True`."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _names(workload: Workload) -> str:
    return ", ".join(workload.backends)
