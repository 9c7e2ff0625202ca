"""`benchrace assets fetch`: bring files onto machines, into the folders of their engines."""

import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from posixpath import basename
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from benchrace.api.files.assets import AssetEntry
from benchrace.api.machines import MachineAnswer
from benchrace.cli import options
from benchrace.cli.assets.kind_option import kind_of, kind_option
from benchrace.cli.assets.stored import named_asset, stored_assets
from benchrace.cli.models.connection import fleet_of, machines_option, shared_options
from benchrace.cli.models.pull import PullRunner
from benchrace.cli.models.pull_plan import Pull, Skipped, select
from benchrace.cli.models.pull_progress import bars
from benchrace.cli.models.wait_engines import wait_for_engines
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.errors import FieldError, InvalidInput
from benchrace.plugin.assets import Asset, AssetKind
from benchrace.plugin.operations import Operation

_CENTRAL = "central:"
_CATALOG = "its catalogue"


@click.command()
@click.argument("assets", nargs=-1, metavar="[ASSET]...")
@machines_option
@click.option("--backend", metavar="NAME", help="Backend whose engine gets them, if several can.")
@kind_option
@click.option("--name", metavar="NAME", help="File name on the machines, for one ASSET.")
@click.option("--sha256", metavar="HEX", help="Expected SHA-256, for one ASSET.")
@click.option("--ephemeral", is_flag=True, help="Delete them after the machine's next run.")
@click.option("--pin", "pinned", is_flag=True, help="Never delete them to free space.")
@shared_options
def fetch(
    assets: tuple[str, ...],
    machines: tuple[str, ...],
    backend: str | None,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    **about: Any,
) -> None:
    """Fetch ASSETs onto the machines [default: what each machine's own catalogue lists].

    An ASSET is a URL on the machine's list of hosts, s3://bucket/key, share:FILE on its model
    share, or central:NAME for a file that central has. Exit 0 if every machine has them all.
    """
    if len(assets) > 1 and (about["name"] or about["sha256"]):
        raise click.UsageError("--name and --sha256 are for one ASSET")
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir) as (client, shown):
        on_central = any(text.startswith(_CENTRAL) for text in assets)
        stored = stored_assets(client) if on_central else ()
        wanted = [described(text, stored, **about) for text in assets]
        fleet = select(wait_for_engines(client, shown), machines)
        shown.end()
        pulls, skipped = plan(fleet, wanted, backend)
        for skip in skipped:
            screen.print(clean_line(f"{skip.machine_id}: {skip.why}"), markup=False)
        with bars(screen) as watcher:
            outcome = PullRunner(client, pulls, watcher, None).run()
    outcome.skipped = [*skipped, *outcome.skipped]
    if as_json:
        options.print_json(outcome)
    sys.exit(0 if outcome.good else 1)


def described(
    text: str,
    stored: tuple[AssetEntry, ...],
    *,
    kind: str | None,
    name: str | None,
    sha256: str | None,
    ephemeral: bool,
    pinned: bool,
) -> Asset:
    """Return the asset that a person named; raises InvalidInput for one without a file name."""
    choice: dict[str, Any] = {"ephemeral": ephemeral, "pinned": pinned}
    if text.startswith(_CENTRAL):
        entry = named_asset(stored, text.removeprefix(_CENTRAL))
        return Asset(
            name=name or entry.name,
            url=f"{_CENTRAL}{entry.sha256}",
            sha256=sha256 or entry.sha256,
            size=entry.size,
            kind=entry.kind if kind is None else kind_of(kind, entry.name),
            **choice,
        )
    path = urlsplit(text).path if "://" in text else text.removeprefix("share:")
    file = name or unquote(basename(path))
    if not file:
        message = f"{text[:100]!r} names no file"
        raise InvalidInput(FieldError("ASSET", message), "Add --name.")
    return Asset(name=file, url=text, sha256=sha256, kind=kind_of(kind, file), **choice)


def plan(
    fleet: Sequence[MachineAnswer], assets: Sequence[Asset], backend: str | None
) -> tuple[list[Pull], list[Skipped]]:
    """Plan each machine and asset; without assets, each machine's catalogue."""
    pulls: list[Pull] = []
    skipped: list[Skipped] = []
    for machine in fleet:
        able = _able(machine, backend, {asset.kind for asset in assets})
        if len(able) != 1:
            why = "no backend takes files"
            if able:
                why = f"several backends take files: choose one with --backend ({', '.join(able)})"
            skipped.append(
                Skipped(machine_id=machine.machine_id, model=_CATALOG, why=why, wrong=True)
            )
            continue
        groups: list[tuple[str, tuple[Asset, ...]]] = [(asset.name, (asset,)) for asset in assets]
        pulls += [
            Pull(
                machine_id=machine.machine_id,
                backend=able[0],
                model=name,
                operation=Operation.SYNC,
                assets=group,
            )
            for name, group in groups or [(_CATALOG, ())]
        ]
    return pulls, skipped


def _able(machine: MachineAnswer, backend: str | None, kinds: AbstractSet[AssetKind]) -> list[str]:
    """Return the backends that take such files, preferably those whose engine answers."""
    able = [
        answer
        for answer in machine.backends
        if Operation.SYNC in answer.operations
        and backend in (None, answer.name)
        and (not answer.assets or kinds <= set(answer.assets))
    ]
    return [answer.name for answer in able if answer.reachable] or [answer.name for answer in able]
