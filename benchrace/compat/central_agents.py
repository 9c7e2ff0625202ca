"""Registration and heartbeats of older agents; our own take commands over the link alone."""

import secrets
import time
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.ids import is_name
from benchrace.web import body
from benchrace.web.answer import answer

HEARTBEAT_S = 30
BUSY_HEARTBEAT_S = 60
MAX_AGENTS = 1000

Short = Annotated[str, Meta(max_length=200)]
Share = Annotated[float, Meta(ge=0)] | None


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """Either name will do; without one, one is generated. Other fields are ignored."""

    agent_id: Short | None = None
    machine_id: Short | None = None
    label: Short | None = None
    agent_base_url: Short | None = None


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    agent_id: str
    heartbeat_interval_s: int


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["idle", "running", "error"] = "idle"
    current_task: Short | None = None
    gpu_utilization_pct: Share = None
    gpu_memory_used_gb: Share = None
    storage_gb_free: Share = None
    uptime_s: Share = None


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """`settings` has the interval of heartbeats."""

    ack: bool
    agent_id: str
    commands: tuple[Any, ...]
    settings: dict[str, int]


class OlderAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that registered; `age_s` since it was last heard."""

    agent_id: str
    label: str | None
    agent_base_url: str | None
    last: Heartbeat | None
    age_s: float


class OlderAgents(msgspec.Struct, frozen=True, kw_only=True):
    agents: tuple[OlderAgent, ...]


class Registry:
    """The agents that registered with this central since it started."""

    def __init__(self) -> None:
        self._agents: dict[str, tuple[Register, Heartbeat | None, int]] = {}

    def register(self, registration: Register) -> str:
        """Return the new agent's id; raises `validation` for a bad name, `busy` at the limit."""
        agent_id = (
            registration.agent_id or registration.machine_id or f"agent-{secrets.token_hex(4)}"
        )
        if not is_name(agent_id):
            field = "agent_id" if registration.agent_id else "machine_id"
            raise InvalidInput(FieldError(field, "invalid name: use 1-64 of A-Z a-z 0-9 . _ -"))
        if agent_id not in self._agents and len(self._agents) >= MAX_AGENTS:
            raise BenchraceError(
                Category.BUSY, f"{MAX_AGENTS} agents are registered, which is the limit"
            )
        self._agents[agent_id] = (registration, None, time.monotonic_ns())
        return agent_id

    def beat(self, agent_id: str, heartbeat: Heartbeat) -> None:
        """Note a heartbeat; raises `NotFound`, which makes the agent register again."""
        if agent_id not in self._agents:
            raise NotFound(f"no agent {agent_id[:80]!r} has registered", "Register again.")
        self._agents[agent_id] = (self._agents[agent_id][0], heartbeat, time.monotonic_ns())

    def all(self) -> tuple[OlderAgent, ...]:
        now_ns = time.monotonic_ns()
        return tuple(
            OlderAgent(
                agent_id=name,
                label=registration.label,
                agent_base_url=registration.agent_base_url,
                last=last,
                age_s=(now_ns - heard_ns) / 1e9,
            )
            for name, (registration, last, heard_ns) in sorted(self._agents.items())
        )


def install_agents(app: Quart) -> None:
    """Add the routes."""
    registry = Registry()

    @app.post("/api/v1/agents/register")
    @document_request(Register)
    @document_response(Registered, 201)
    async def register_agent() -> Response:
        """Register an older agent."""
        agent_id = registry.register(await body.read(request, Register))
        return answer(Registered(agent_id=agent_id, heartbeat_interval_s=HEARTBEAT_S), 201)

    @app.post("/api/v1/agents/<agent_id>/heartbeat")
    @document_request(Heartbeat)
    @document_response(Ack)
    async def heartbeat(agent_id: str) -> Response:
        """Record an older agent's heartbeat; 404 makes it register again."""
        beat = await body.read(request, Heartbeat)
        registry.beat(agent_id, beat)
        pause_s = BUSY_HEARTBEAT_S if beat.status == "running" else HEARTBEAT_S
        settings = {"heartbeat_interval_s": pause_s}
        return answer(Ack(ack=True, agent_id=agent_id, commands=(), settings=settings))

    @app.get("/api/v1/agents")
    @document_response(OlderAgents)
    async def older_agents() -> Response:
        """List the agents that registered."""
        return answer(OlderAgents(agents=registry.all()))
