"""The commands that every serving component has: foreground, start, stop, status, logs."""

import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import click
import msgspec

from benchrace.cli import options
from benchrace.cli.output.formatting import clean, clean_line
from benchrace.cli.service.service import Record, Service, Status, last_lines
from benchrace.store import service_log

Find = Callable[[str | None, str | None], Service]
# Returns more of the status, from the running process: data folder, machine, its record.
Ask = Callable[[str | None, str | None, Record], dict[str, str]]


def serve(
    work: Callable[[], Awaitable[None]],
    parent_fd: int | None,
    log_file: str | None,
    log_format: str | None = None,
) -> None:
    """Serve in the foreground until a signal, or until the parent at `parent_fd` is gone.

    `log_file` is what standard output and error are, for a service started apart; `log_format` is
    `json`, or null for text.
    """
    if parent_fd is not None:
        from benchrace.cli.service.parent import end_with

        end_with(parent_fd)
    from benchrace.web import server_log

    path = None if log_file is None else Path(log_file)
    server_log.install(path, as_json=log_format == "json")
    anyio.run(work)


def announce(component: str) -> Callable[[str], None]:
    """Return the callback that prints where `component` listens."""

    def ready(url: str) -> None:
        click.echo(f"benchrace {component} at {url}")
        sys.stdout.flush()

    return ready


def add_commands(group: click.Group, component: str, find: Find, ask: Ask | None = None) -> None:
    """Add stop, status and logs to a component's group; start differs by its options.

    `ask` returns more of the status while it runs.
    """
    identity = click.option(
        "--machine-id", metavar="ID", help="Machine ID of the agent [default: this machine's]."
    )
    name = f"the {component}" if component == "agent" else component
    shared = [options.data_dir] + ([identity] if component == "agent" else [])

    def command(verb: str, text: str, work: Callable[..., None], *extra: object) -> None:
        decorated = options.all_of(*shared, *extra)(partial(work, find, component))  # type: ignore[arg-type]
        group.add_command(click.command(verb, help=text)(decorated))

    follow = click.option("--follow", "-f", is_flag=True, help="Keep printing new lines.")
    count = click.option(
        "--lines",
        "-n",
        type=click.IntRange(0),
        metavar="N",
        default=50,
        show_default=True,
        help="Number of lines to print first.",
    )
    command("stop", f"Stop the {component} that uses the data folder.", _stop, options.as_json)
    check = click.option("--check", is_flag=True, help="Exit 1 as well if it does not answer.")
    command(
        "status",
        f"Show whether {name} is running, and where; exit 1 if not.",
        partial(_status, ask),
        check,
        options.as_json,
    )
    command("logs", f"Print the end of {name}'s log.", _logs, follow, count)


def start_service(
    service: Service,
    arguments: Sequence[str],
    as_json: bool,
    token: str | None = None,
    tokens: Mapping[str, str] | None = None,
    ask: Callable[[Record], dict[str, str]] | None = None,
    *,
    chosen: Mapping[str, Any],
) -> Status:
    """Start a service in the background and print where it listens.

    Where it is installed as a service, its supervisor starts it; `chosen` are the options that
    may then not differ. `token` goes to it through a pipe. New `tokens` are in the document, the
    only time that they are shown. `ask` returns more of its status, once it listens.
    """
    from benchrace.cli.service.install import background

    if (own := background.find(service)) is not None:
        status = background.start(service, own, dict(chosen))
    else:
        status = service.start(arguments, token)
    record = service.running()
    more = ask(record) if ask and record else {}
    status = msgspec.structs.replace(status, info=status.info | more)
    if as_json:
        options.print_json(msgspec.structs.replace(status, info=status.info | dict(tokens or {})))
    else:
        _say(status, more)
    return status


def _say(status: Status, more: Mapping[str, str]) -> None:
    click.echo(f"{status.component} is running at {status.info['url']} (process {status.pid})")
    if own := status.info.get("service"):
        click.echo(f"  service: {own}")
    for name, words in more.items():
        click.echo(f"  {name}: {clean_line(words)}")


def installed_one(service: Service) -> Service:
    """Return the installed service of the same data folder, else `service` as it is."""
    from benchrace.cli.service.install import background

    return background.of_folder(service)


def _which(find: Find, data_dir: str | None, machine_id: str | None) -> Service:
    """Return the service that a command means: without a machine ID, the installed one."""
    service = find(data_dir, machine_id)
    return service if machine_id is not None else installed_one(service)


def _say_others(service: Service) -> None:
    """Print where another one runs that may have been meant."""
    from benchrace.cli.service.answering import running_ids
    from benchrace.cli.service.install import background

    for name in running_ids(service):
        click.echo(f"  {name} runs on this data folder: add --machine-id {name}")
    if (other := background.elsewhere(service)) is not None:
        click.echo(f"  {other.words} uses another folder: add --data-dir {other.data}")


def _stop(
    find: Find, component: str, data_dir: str | None, as_json: bool, machine_id: str | None = None
) -> None:
    from benchrace.cli.service.install import background

    service = _which(find, data_dir, machine_id)
    ended = background.stop_running(service)
    if as_json:
        options.print_json(service.status())
    else:
        click.echo(f"{component} stopped" if ended else f"{component} is not running")
        if not ended:
            _say_others(service)
    # Nothing to stop is what `stop` wants: exit 0, as service managers do.


def _status(
    ask: Ask | None,
    find: Find,
    component: str,
    data_dir: str | None,
    as_json: bool,
    check: bool,
    machine_id: str | None = None,
) -> None:
    from benchrace.cli.service.answering import only_running, why_silent
    from benchrace.cli.service.install import background

    service = _which(find, data_dir, machine_id)
    if check and machine_id is None:
        service = only_running(service)
    own = background.find(service)
    status, record = background.with_service(service.status(), own), service.running()
    silent = why_silent(record) if check and record else None
    more = ask(data_dir, machine_id, record) if ask and record and not silent else {}
    more |= {"health": f"does not answer: {silent}"} if silent else {}
    status = msgspec.structs.replace(status, info=status.info | more)
    if as_json:
        options.print_json(status)
    elif status.running:
        _say(status, more)
    else:
        click.echo(f"{component} is not running" + (f" ({own.words})" if own else ""))
        _say_others(service)
    if silent or not status.running:
        sys.exit(1)


def _logs(
    find: Find,
    component: str,
    data_dir: str | None,
    follow: bool,
    lines: int,
    machine_id: str | None = None,
) -> None:
    from benchrace.cli.service.install import background

    service = _which(find, data_dir, machine_id)
    own = background.find(service)
    if own and (words := background.log_command(own, lines, follow=follow)):
        os.execvp(words[0], words)
    if not service_log.files(service.log):
        click.echo(f"{component} has no log yet: {service.log}", err=True)
        sys.exit(1)
    for line in last_lines(service.log, lines):
        click.echo(clean(line))
    if not follow:
        return
    follower = service_log.Follower(service.log)
    rest = b""
    while True:
        for piece in follower.read():
            *whole, rest = (rest + piece).split(b"\n")
            for added in whole:
                click.echo(clean(added.decode("utf-8", "replace")))
        time.sleep(0.2)
