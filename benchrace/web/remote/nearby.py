"""Discover centrals and agents on the local network by mDNS: suggestions that admit nobody.

Requires the optional package `zeroconf` (`benchrace[mdns]`).
"""

import ipaddress
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
from anyio import to_thread

from benchrace import __version__
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

log = logging.getLogger(__name__)
SERVICE = "_benchrace._tcp.local."
MAX_FOUND = 64
_CHARS = 64
_CONNECT_S = 1.0
_REQUEST_MS = 2000
# A killed program withdraws nothing, and its records are valid for more than an hour.
_CHECK_S = 30.0


class Role(StrEnum):
    """Who announces itself. An agent does so while it has no central."""

    CENTRAL = "central"
    AGENT = "agent"


class Nearby(msgspec.Struct, frozen=True, kw_only=True):
    """A central or an agent that was found; its name and version are as it announces them."""

    name: str
    url: str
    version: str


async def announce(
    role: Role,
    name: str,
    host: str,
    port: int,
    scheme: str = "http",
    interfaces: Sequence[str] | None = None,
) -> None:
    """Announce a server that listens on `host`, until cancelled; without mDNS return at once.

    `interfaces` are the addresses to announce on, by default those that `host` listens on.
    """
    try:
        module: Any = await _zeroconf()
        own = interfaces if interfaces is not None else await to_thread.run_sync(_own, host)
        info = module.asyncio.AsyncServiceInfo(
            SERVICE,
            f"{role}-{secrets.token_hex(4)}.{SERVICE}",
            parsed_addresses=list(own),
            port=port,
            properties={
                "role": role.value,
                "name": name[:_CHARS],
                "version": __version__,
                "scheme": scheme,
            },
            server=f"benchrace-{secrets.token_hex(4)}.local.",
        )
        async with _opened(module, own) as zeroconf:
            await (await zeroconf.async_register_service(info))
            log.info("announced by mDNS on %s", ", ".join(own))
            await anyio.sleep_forever()
    except BenchraceError as error:
        log.debug("not announced by mDNS: %s", error)
    except Exception:
        # A fault of the network must not end the server.
        log.exception("not announced by mDNS")


async def watch(
    role: Role,
    seen: Callable[[tuple[Nearby, ...]], None],
    interfaces: Sequence[str] | None = None,
) -> None:
    """Call `seen` with the servers of one role whenever they change, until cancelled.

    Servers that accept no connection are left out. Raises `system` without mDNS.
    """
    module: Any = await _zeroconf()
    names: set[str] = set()
    changed = Notifier()

    def note(*, name: str, state_change: Any, **_: Any) -> None:
        if state_change is module.ServiceStateChange.Removed:
            names.discard(name)
        elif len(names) < MAX_FOUND and name.startswith(f"{role}-"):
            names.add(name)
        changed.notify()

    try:
        async with _opened(module, interfaces) as zeroconf:
            browser = module.asyncio.AsyncServiceBrowser(
                zeroconf.zeroconf, SERVICE, handlers=[note]
            )
            try:
                await _look_again_and_again(module, zeroconf, role, names, changed, seen)
            finally:
                with anyio.CancelScope(shield=True):
                    await browser.async_cancel()
    except OSError as error:
        raise _unusable(f"mDNS cannot be used here: {error}") from error


async def find(
    role: Role, seconds: float = 3.0, interfaces: Sequence[str] | None = None
) -> tuple[Nearby, ...]:
    """Return the servers of one role that are found within `seconds`.

    Raises `system` without mDNS, with the command that installs it.
    """
    servers: tuple[Nearby, ...] = ()

    def seen(now: tuple[Nearby, ...]) -> None:
        nonlocal servers
        servers = now

    with anyio.move_on_after(seconds):
        await watch(role, seen, interfaces)
    return servers


async def _look_again_and_again(
    module: Any,
    zeroconf: "AsyncZeroconf",
    role: Role,
    names: set[str],
    changed: Notifier,
    seen: Callable[[tuple[Nearby, ...]], None],
) -> None:
    before: tuple[Nearby, ...] | None = None
    while True:
        count = changed.count
        servers: list[Nearby] = []
        async with anyio.create_task_group() as group:
            for name in tuple(names):
                group.start_soon(_resolve, module, zeroconf, role, name, servers)
        # An earlier record of an address may outlive what announced it.
        by_name = sorted(servers, key=lambda one: (one.name, one.version), reverse=True)
        by_url = {one.url: one for one in by_name}
        now = tuple(sorted(by_url.values(), key=lambda one: (one.name, one.url)))
        if now != before:
            seen(now)
            before = now
        with anyio.move_on_after(_CHECK_S):
            await changed.wait(count)


async def _resolve(
    module: Any, zeroconf: "AsyncZeroconf", role: Role, name: str, servers: list[Nearby]
) -> None:
    info = module.asyncio.AsyncServiceInfo(SERVICE, name)
    if not await info.async_request(zeroconf.zeroconf, _REQUEST_MS):
        return
    properties = info.decoded_properties
    if properties.get("role") != role.value or not info.port:
        return
    scheme = "https" if properties.get("scheme") == "https" else "http"
    for address in info.parsed_addresses()[:4]:
        if await _answers(address, info.port):
            servers.append(
                Nearby(
                    name=_clean(properties.get("name")),
                    url=f"{scheme}://{address}:{info.port}",
                    version=_clean(properties.get("version")),
                )
            )
            return


async def _answers(address: str, port: int) -> bool:
    """Check that something accepts a connection; anybody can announce any address."""
    if not ipaddress.ip_address(address).is_private:
        return False
    try:
        with anyio.fail_after(_CONNECT_S):
            await (await anyio.connect_tcp(address, port)).aclose()
    except (OSError, TimeoutError):
        return False
    return True


def _clean(text: str | None) -> str:
    return "".join(char for char in (text or "")[:_CHARS] if char.isprintable())


@asynccontextmanager
async def _opened(module: Any, interfaces: Sequence[str] | None) -> AsyncIterator["AsyncZeroconf"]:
    chosen = module.InterfaceChoice.All if interfaces is None else list(interfaces)
    zeroconf = module.asyncio.AsyncZeroconf(interfaces=chosen, ip_version=module.IPVersion.V4Only)
    try:
        # A cancel of what waits for its start also ends the wait in `async_close`, which then
        # leaves the sockets open.
        with anyio.CancelScope(shield=True), suppress(module.NotRunningException):
            await zeroconf.zeroconf.async_wait_for_start()
        yield zeroconf
    finally:
        with anyio.CancelScope(shield=True):
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()


async def _zeroconf() -> Any:
    try:
        await to_thread.run_sync(import_module, "zeroconf.asyncio")
    except ImportError as error:
        raise _unusable("mDNS needs the package zeroconf, which is not installed") from error
    return import_module("zeroconf")


def _unusable(what: str) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        what,
        "Install it with: pip install 'benchrace[mdns]'. Or use the address of central itself.",
    )


def _own(host: str) -> tuple[str, ...]:
    """Return this machine's addresses at which others reach a server that listens on `host`."""
    if host not in ("0.0.0.0", "::"):
        return (host,)
    import psutil

    up = {name for name, entry in psutil.net_if_stats().items() if entry.isup}
    addresses = (
        entry.address
        for name, entries in psutil.net_if_addrs().items()
        if name in up
        for entry in entries
        if entry.family.name == "AF_INET"
    )
    usable = (text for text in addresses if not ipaddress.ip_address(text).is_loopback)
    return tuple(usable)
