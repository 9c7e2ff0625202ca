"""Limits on connections: a share for one address, and a reserve for this machine and agents."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchrace.web.address import group_of, is_loopback

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 800
# A reverse proxy brings everybody from one address, which is this machine's own.
MAX_LOOPBACK = 600
MAX_PER_ADDRESS = 200
RESERVED = 80
_LOG_EVERY_S = 60.0
_MAX_LOGGED = 256


class Connection:
    """One connection; it is idle while no request of it is being answered."""

    def __init__(self, group: str, close: Callable[[], None]) -> None:
        self.group = group
        self.close = close
        self.requests = 0
        self.left = False


@dataclass
class _Group:
    """The connections of one address; the one that has been idle longest is first in `idle`."""

    count: int = 0
    idle: dict[Connection, None] = field(default_factory=dict)


class Connections:
    """Admits connections up to `most`, of which `RESERVED` are for this machine and agents.

    Where an address has its share, its longest idle connection makes room for a new one, so that
    idle connections lock no one out. `is_agent` selects the addresses of agents.
    """

    def __init__(
        self,
        is_agent: Callable[[str], bool] = lambda _: False,
        *,
        most: int = MAX_CONNECTIONS,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_agent = is_agent
        self._most = most
        self._now_s = now_s
        self._groups: dict[str, _Group] = {}
        self._logged: dict[str, float] = {}
        self.count = 0

    def admit(self, address: str, close: Callable[[], None]) -> Connection | None:
        """Count a new connection, or return None at the limit."""
        name = group_of(address)
        group = self._groups.get(name) or _Group()
        share = MAX_LOOPBACK if is_loopback(name) else MAX_PER_ADDRESS
        share = min(share, max(1, self._most - RESERVED))
        if group.count >= share and not self._make_room(name, group, address):
            return None
        preferred = is_loopback(name) or self._is_agent(address)
        room = self._most if preferred else max(1, self._most - RESERVED)
        if self.count >= room and not self._make_room_anywhere(address, preferred):
            return None
        connection = Connection(name, close)
        group = self._groups.setdefault(name, group)
        group.count += 1
        group.idle[connection] = None
        self.count += 1
        return connection

    def begin(self, connection: Connection) -> None:
        """Note that a request is being answered."""
        connection.requests += 1
        if not connection.left:
            self._groups[connection.group].idle.pop(connection, None)

    def end(self, connection: Connection) -> None:
        """Note that a request was answered."""
        connection.requests -= 1
        if not connection.left and not connection.requests:
            self._groups[connection.group].idle[connection] = None

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has closed; one that is forgotten already changes nothing."""
        if connection.left:
            return
        connection.left = True
        group = self._groups[connection.group]
        group.idle.pop(connection, None)
        group.count -= 1
        self.count -= 1
        if not group.count:
            del self._groups[connection.group]

    def _make_room(self, name: str, group: _Group, address: str) -> bool:
        freed = self._close_idle(group)
        then = "the longest idle one is closed" if freed else "all are in use, so it is refused"
        self.warn(
            name,
            f"{address} has {group.count + freed} connections open and needs another: {then}",
        )
        return freed

    def _make_room_anywhere(self, address: str, preferred: bool) -> bool:
        others = [
            (len(group.idle), name)
            for name, group in self._groups.items()
            if group.idle and (preferred or not is_loopback(name))
        ]
        name = max(others)[1] if others else ""
        freed = bool(others) and self._close_idle(self._groups[name])
        then = f"an idle one of {name} is closed" if freed else f"{address} is refused"
        self.warn("", f"{self.count + freed} connections are open: {then}")
        return freed

    def _close_idle(self, group: _Group) -> bool:
        """Close the connection that has been idle longest; false where every one is in use."""
        if not group.idle:
            return False
        oldest = next(iter(group.idle))
        self.leave(oldest)
        oldest.close()
        return True

    def warn(self, name: str, message: str) -> None:
        """Log once a minute for each address: a flood must not flood the log."""
        now_s = self._now_s()
        if now_s - self._logged.get(name, -_LOG_EVERY_S) < _LOG_EVERY_S:
            return
        if len(self._logged) >= _MAX_LOGGED:
            self._logged.clear()
        self._logged[name] = now_s
        log.warning("%s", message)
