"""Dialling a machine that cannot reach central, again and again; who has dialled changes nothing
of what is said on the link.
"""

import logging
import os
from typing import Protocol

import anyio

from benchrace.central.fleet.fleet import Fleet
from benchrace.config.machines import MachineEntry
from benchrace.errors import BenchraceError, with_remedy
from benchrace.tls.trust import Trust, trust_of
from benchrace.web.remote.dial import STEADY_S, NotDialled, dialled, link_url, redial_s
from benchrace.web.remote.link_tls import LinkTls
from benchrace.web.socket import LinkSocket

log = logging.getLogger(__name__)
_WRONG_TOKEN = (
    "the agent's token is missing or wrong. Set agent_token in machines.yaml to the central_token "
    "of that machine's agent.yaml, and restart central."
)


class Link(Protocol):
    """Serves a link until it closes; returns why the agent was refused, if it was."""

    async def __call__(
        self,
        socket: LinkSocket,
        address: str | None,
        *,
        tls: bool,
        dialled: str | None,
        peer: str | None,
    ) -> BenchraceError | None: ...


class Dialler:
    """Keeps a link to one machine; why it cannot is in the machine's `not_dialled`."""

    def __init__(self, entry: MachineEntry, fleet: Fleet, link: Link) -> None:
        self._machine_id = entry.machine_id
        self._fleet = fleet
        self._link = link
        self._address = entry.agent_base_url or ""
        self._url = link_url(self._address, "machines.yaml: agent_base_url")
        self._token = entry.agent_token
        self._tls = LinkTls(self._address, trust_of(os.environ, Trust()))

    async def run(self) -> None:
        """Dial, and dial again after a pause that doubles; the name is resolved each time."""
        failures, logged = 0, None
        while True:
            started = anyio.current_time()
            why = await self._once()
            failures = 0 if anyio.current_time() - started > STEADY_S else failures + 1
            # Another object after it was forgotten, none until it links again.
            if (machine := self._fleet.find(self._machine_id)) is not None:
                machine.not_dialled = why
            if why is not None and why != logged:
                log.warning("machine %s cannot be dialled: %s", self._machine_id, why)
            logged = why
            await anyio.sleep(redial_s(failures))

    async def _once(self) -> str | None:
        """Serve one link to its end; return why there was none."""
        refused: BenchraceError | None = None
        try:
            async with dialled(
                self._url, self._tls, self._token, self._fleet.keep, "agent"
            ) as socket:
                tls = self._url.startswith("wss:")
                refused = await self._link(
                    socket, self._address, tls=tls, dialled=self._machine_id, peer=socket.peer
                )
        except NotDialled as error:
            return _WRONG_TOKEN if error.status in (401, 403) else str(error)
        except BenchraceError as error:
            return with_remedy(error.message, error.remedy)
        except Exception:
            # One machine must not end central and the runs of all others.
            log.exception("the link to %s broke", self._machine_id)
            return "the link failed: check central's log"
        return None if refused is None else with_remedy(refused.message, refused.remedy)
