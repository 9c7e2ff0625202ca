"""The agent that already runs on this machine, for a command to use instead of its own."""

import time
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.api.agents import LENT, LINKED, AgentStatus, LoanRequest
from benchrace.cli.agent import link
from benchrace.cli.connect.client import Client
from benchrace.cli.output.screen import Phases
from benchrace.cli.service.service import Record, agent_service
from benchrace.cli.service.settings import agent_file
from benchrace.config.machine_id import machine_id
from benchrace.errors import BenchraceError, Category
from benchrace.store.journal import is_held

_LOOK_S = 0.05


class RunningAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent of this machine and data folder, with its link state."""

    record: Record
    token: str | None
    link: str
    central: str | None

    @property
    def linked_to(self) -> str | None:
        """The central that it is linked to, None where it can be lent."""
        return self.central if self.link == LINKED else None

    def lend(self, url: str, token: str, phases: Phases) -> None:
        """Lend it to the central at `url` until that ends; raises `busy`."""
        why = f"its central {self.central} is not linked" if self.central else "it has no central"
        phases.say(f"using the agent that is already running (process {self.record.pid}): {why}")
        try:
            with Client(self.record.url, self.token, self.record.certificate) as agent:
                agent.post("/api/v1/loan", LoanRequest(central=url, token=token))
        except BenchraceError as error:
            what = "cannot be used by this command" if self.link != LENT else "is in use"
            raise BenchraceError(
                Category.BUSY,
                f"the agent running on this data folder (process {self.record.pid}, version "
                f"{self.record.version}) {what}: {error.message}",
                "Stop it with `benchrace agent stop`, or use another --data-dir.",
            ) from error


def running_agent(data: Path, token: str | None, phases: Phases) -> RunningAgent | None:
    """Find the agent of this machine that runs on `data`; one that starts or ends is awaited."""
    file = agent_file(None)
    service = agent_service(data, machine_id(file))
    while is_held(service.lock):
        if record := service.running():
            joined = file.joined.token if file.joined else None
            return _described(record, file.config.central_token or joined or token)
        phases.say("waiting for the agent of this data folder")
        time.sleep(_LOOK_S)
    return None


def _described(record: Record, token: str | None) -> RunningAgent:
    link.wait_for_link(record, token)
    with Client(record.url, token, record.certificate) as agent:
        status = structs.convert(agent.get("/api/status"), AgentStatus)
    return RunningAgent(record=record, token=token, link=status.central, central=status.central_url)
