"""Agents of the local network that have no central, as they announce themselves."""

import logging

from benchrace.api.machines import NearbyAgent
from benchrace.errors import BenchraceError
from benchrace.web.remote.nearby import Nearby, Role, watch

log = logging.getLogger(__name__)


class NearbyAgents:
    """`agents` are the agents that are announced now; without mDNS there are none."""

    def __init__(self) -> None:
        self.agents: tuple[NearbyAgent, ...] = ()

    async def watch(self) -> None:
        """Keep looking for agents, until cancelled."""

        def seen(servers: tuple[Nearby, ...]) -> None:
            self.agents = tuple(
                NearbyAgent(machine_id=agent.name, url=agent.url, version=agent.version)
                for agent in servers
            )

        try:
            await watch(Role.AGENT, seen)
        except BenchraceError as error:
            log.debug("agents nearby are not looked for: %s", error)
        except Exception:
            log.exception("agents nearby are not looked for")
