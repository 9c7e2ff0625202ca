"""A central from its start to its end: lock, port, what was left, routes, and a clean stop."""

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import msgspec
from anyio import to_thread
from quart import Quart

from benchrace import __version__
from benchrace.central import gate, routes_login, routes_page
from benchrace.central.app import LINK, create_app, with_link
from benchrace.central.central import Central
from benchrace.central.settings import CentralSettings
from benchrace.central.site import Site
from benchrace.errors import BenchraceError, Category, with_remedy
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RunSummary
from benchrace.store import atomic, reindex
from benchrace.store.index import Index
from benchrace.store.journal import Journal
from benchrace.web import serving
from benchrace.web.guard import Guard, Policy
from benchrace.web.login_code import LoginCodes
from benchrace.web.shutdown import Shutdown
from benchrace.web.sse import Viewers

log = logging.getLogger(__name__)

Extend = Callable[[Quart, Central], None]
Ready = Callable[[str], None]
Stop = Callable[[], Awaitable[object]]
_OPEN = frozenset({"/health", "/favicon.svg", LINK, *routes_login.PATHS})
# Service control asks for a token of its own.
_OPEN_BELOW = ("/assets/", "/api/service/")


class CentralRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`<data>/central.json`, there while central serves."""

    url: str
    pid: int
    instance: str
    version: str


async def serve(
    settings: CentralSettings,
    *,
    extend: Extend | None = None,
    ready: Ready | None = None,
    stop: Stop = serving.stop_signal,
    codes: LoginCodes | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets the address once requests are answered.

    `codes` are those that whoever calls makes for people to log in with.

    Tokens are shown on standard error when they are made, once in the life of a data folder.
    Raises BenchraceError, in one line, for a data folder that cannot be used or has its central
    already, and for a port that is taken.
    """
    with await to_thread.run_sync(_hold, settings.data):
        listener = serving.listen(settings.host, settings.port)
        with listener.sock:
            index = await to_thread.run_sync(Index, settings.data / "index.sqlite")
            try:
                await _serve(settings, listener, index, extend, ready, stop, codes or LoginCodes())
            finally:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(index.close)


async def _serve(
    settings: CentralSettings,
    listener: serving.Listener,
    index: Index,
    extend: Extend | None,
    ready: Ready | None,
    stop: Stop,
    codes: LoginCodes,
) -> None:
    central = Central(settings, on_change=_indexing(index))
    await central.open()
    people = await to_thread.run_sync(gate.load, settings, central.folder)
    access = None
    if people is not None:
        local = await to_thread.run_sync(gate.local_key, central.folder)
        found = partial(gate.access, settings, central.folder, people, central.link_token, local)
        access = await to_thread.run_sync(found)
    site = Site(central, index, Shutdown(), Viewers(), access, codes)
    # Frameworks look at files while they are set up.
    app = await to_thread.run_sync(create_app, site)
    if extend is not None:
        extend(app, central)
    names = frozenset(name.lower() for name in settings.hosts)
    guarded = Guard(with_link(app, central), Policy(access=access, names=names, is_open=is_open))
    record = settings.data / "central.json"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(central.run)
        tasks.start_soon(_catch_up, site)
        async with anyio.create_task_group() as serving_tasks:
            await serving_tasks.start(serving.serve, guarded, listener, site.shutdown, stop)
            await to_thread.run_sync(_write_record, record, central, listener.url)
            _show(central.token, people)
            if ready is not None:
                ready(listener.url)
        tasks.cancel_scope.cancel()
    for path in (record, central.folder / gate.LOCAL):
        await to_thread.run_sync(partial(path.unlink, missing_ok=True))


def _indexing(index: Index) -> Callable[[RunMetadata, RunSummary | None], Awaitable[None]]:
    async def changed(metadata: RunMetadata, summary: RunSummary | None) -> None:
        try:
            await to_thread.run_sync(index.put, metadata, summary)
        except BenchraceError as error:
            # The run's folder is the truth; the next start reads it again.
            log.warning("the index misses %s: %s", metadata.run_id, error.message)

    return changed


async def _catch_up(site: Site) -> None:
    """Read into the index what it lacks, and stop between two batches when central ends."""

    def progress(now: reindex.Progress) -> None:
        if site.shutdown.requested:
            raise InterruptedError
        if now.done < now.total:
            log.info("index: %d of %d runs", now.done, now.total)

    try:
        await to_thread.run_sync(reindex.catch_up, site.index, site.central.runs_dir, progress)
    except InterruptedError:
        return
    except BenchraceError as error:
        log.warning("the index is behind: %s", with_remedy(error.message, error.remedy))


def is_open(path: str) -> bool:
    """Tell whether a path is served without a token: it holds no data, or asks for its own."""
    return path in _OPEN or path.startswith(_OPEN_BELOW) or routes_page.is_page(path)


def _show(agents: str | None, people: gate.PeoplesTokens | None) -> None:
    made = {"agents'": agents}
    if people is not None:
        made |= {"operator's": people.made_operator, "watchers'": people.made_watch}
    for whose, token in made.items():
        if token is not None:
            sys.stderr.write(f"The {whose} token, shown only now: {token}\n")
    sys.stderr.flush()


def _hold(data: Path) -> Journal:
    """Lock the data folder for life; raises one line where it is missing, read-only or taken."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = Journal(data / "central.lock")
    except OSError as error:
        raise _unusable(data, error.strerror or str(error)) from error
    except BenchraceError as error:
        if error.category is Category.BUSY:
            raise BenchraceError(
                Category.BUSY,
                f"a central already serves the data folder {data}",
                "Use that one (`benchrace central status`), or give another --data-dir.",
            ) from error
        raise _unusable(data, error.message) from error
    try:
        atomic.write(data / ".writable", b"")
        (data / ".writable").unlink()
    except BaseException:
        lock.close()
        raise
    return lock


def _unusable(data: Path, why: str) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"the data folder {data} cannot be used: {why}",
        "Correct its permissions, or give another one with --data-dir.",
    )


def _write_record(path: Path, central: Central, url: str) -> None:
    record = CentralRecord(
        url=url, pid=os.getpid(), instance=central.status().instance, version=__version__
    )
    atomic.write(path, msgspec.json.encode(record), mode=0o600)
