"""The commands that every serving component has: foreground, start, stop, status, logs."""

import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import anyio
import click
import msgspec

from benchrace.cli import options
from benchrace.cli.service import Service, Status, last_lines
from benchrace.cli.text import clean, clean_line

Find = Callable[[str | None, str | None], Service]
# What else its status tells, asked of the process that runs: data folder, machine, address.
Ask = Callable[[str | None, str | None, str], dict[str, str]]


def serve(work: Callable[[], Awaitable[None]], parent_fd: int | None) -> None:
    """Serve in the foreground until a signal, or until the parent at `parent_fd` is gone."""
    if parent_fd is not None:
        from benchrace.cli.parent import end_with

        end_with(parent_fd)
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO, force=True
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    anyio.run(work)


def said(component: str) -> Callable[[str], None]:
    """Give the callback that says once where `component` listens."""

    def ready(url: str) -> None:
        click.echo(f"benchrace {component} at {url}")
        sys.stdout.flush()

    return ready


def add_commands(group: click.Group, component: str, find: Find, ask: Ask | None = None) -> None:
    """Add stop, status and logs to a component's group; start is its own, for its options.

    `ask` gives more of the status while it runs.
    """
    identity = click.option("--machine-id", metavar="ID", help="Which agent of the data folder.")
    shared = [options.data_dir] + ([identity] if component == "agent" else [])

    def command(name: str, text: str, work: Callable[..., None], *extra: object) -> None:
        made = options.all_of(*shared, *extra)(partial(work, find, component))  # type: ignore[arg-type]
        group.add_command(click.command(name, help=text)(made))

    follow = click.option("--follow", "-f", is_flag=True, help="Go on with what is added.")
    count = click.option(
        "--lines",
        "-n",
        type=click.IntRange(0),
        metavar="N",
        default=50,
        show_default=True,
        help="How many at first.",
    )
    command("stop", f"Stop the {component} of a data folder.", _stop, options.as_json)
    status = partial(_status, ask)
    command("status", "Say whether it runs, and where; exit 1 if not.", status, options.as_json)
    command("logs", f"Print the end of the {component}'s log.", _logs, follow, count)


def started(
    service: Service,
    arguments: Sequence[str],
    as_json: bool,
    token: str | None = None,
    made: Mapping[str, str] | None = None,
    ask: Callable[[str], dict[str, str]] | None = None,
) -> Status:
    """Start a service apart from the terminal and say where it listens.

    `token` goes to it through a pipe. Tokens that were `made` for it are in the document, for
    that is the only time they are said. `ask` gives more of it, once it listens at an address.
    """
    status = service.start(arguments, token)
    more = ask(status.info["url"]) if ask else {}
    status = msgspec.structs.replace(status, info=status.info | more)
    if as_json:
        options.print_json(msgspec.structs.replace(status, info=status.info | dict(made or {})))
    else:
        _say(status, more)
    return status


def _say(status: Status, more: Mapping[str, str]) -> None:
    click.echo(f"{status.component} runs at {status.info['url']} (process {status.pid})")
    for name, words in more.items():
        click.echo(f"  {name}: {clean_line(words)}")


def _stop(
    find: Find, component: str, data_dir: str | None, as_json: bool, machine_id: str | None = None
) -> None:
    service = find(data_dir, machine_id)
    ended = service.stop()
    if as_json:
        options.print_json(service.status())
    else:
        click.echo(f"{component} stopped" if ended else f"{component} is not running")
    # Nothing to stop is what `stop` wants: exit 0, as service managers do.


def _status(
    ask: Ask | None,
    find: Find,
    component: str,
    data_dir: str | None,
    as_json: bool,
    machine_id: str | None = None,
) -> None:
    status = find(data_dir, machine_id).status()
    more = ask(data_dir, machine_id, status.info["url"]) if ask and status.running else {}
    status = msgspec.structs.replace(status, info=status.info | more)
    if as_json:
        options.print_json(status)
    elif status.running:
        _say(status, more)
    else:
        click.echo(f"{component} is not running")
    if not status.running:
        sys.exit(1)


def _logs(
    find: Find,
    component: str,
    data_dir: str | None,
    follow: bool,
    lines: int,
    machine_id: str | None = None,
) -> None:
    service = find(data_dir, machine_id)
    if not service.log.exists():
        click.echo(f"{component} has no log yet: {service.log}", err=True)
        sys.exit(1)
    for line in last_lines(service.log, lines):
        click.echo(clean(line))
    if not follow:
        return
    with service.log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        rest = b""
        while True:
            rest += file.readline()
            if rest.endswith(b"\n"):
                click.echo(clean(rest.decode("utf-8", "replace").rstrip("\n")))
                rest = b""
            else:
                time.sleep(0.2)
