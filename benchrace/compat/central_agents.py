"""Registration and heartbeats of older agents; our own take commands over the link alone."""

import secrets
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.central.auth.link_check import check_machine
from benchrace.central.central import Central
from benchrace.clock import Clock, SystemClock
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.ids import is_name
from benchrace.web import body
from benchrace.web.answer import answer
from benchrace.web.asgi.types import Scope
from benchrace.web.auth.access import bearer
from benchrace.web.problem import Problem
from benchrace.web.token import sha256_of

HEARTBEAT_S = 30
BUSY_HEARTBEAT_S = 60
MAX_AGENTS = 1000
# Twice the longest interval: an agent that is only slow is not forgotten, and others get in.
FORGET_S = 600.0

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

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
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
            self._forget_silent()
        if agent_id not in self._agents and len(self._agents) >= MAX_AGENTS:
            raise BenchraceError(
                Category.BUSY, f"{MAX_AGENTS} agents are registered, which is the limit"
            )
        self._agents[agent_id] = (registration, None, self._clock.monotonic_ns())
        return agent_id

    def beat(self, agent_id: str, heartbeat: Heartbeat) -> None:
        """Note a heartbeat; raises `NotFound`, which makes the agent register again."""
        if agent_id not in self._agents:
            raise NotFound(f"no agent {agent_id[:80]!r} has registered", "Register again.")
        self._agents[agent_id] = (self._agents[agent_id][0], heartbeat, self._clock.monotonic_ns())

    def all(self) -> tuple[OlderAgent, ...]:
        now_ns = self._clock.monotonic_ns()
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

    def _forget_silent(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._agents = {
            name: entry
            for name, entry in self._agents.items()
            if now_ns - entry[2] < FORGET_S * 1e9
        }


def interval_s(central: Central, agent_id: str, *, running: bool) -> int:
    """Return how often an agent must be heard: as its machine is set, less often while it works."""
    wanted_s = central.fleet.settings.get(agent_id).settings.heartbeat_interval_s
    usual_s = HEARTBEAT_S if wanted_s is None else round(wanted_s)
    return max(usual_s, BUSY_HEARTBEAT_S) if running else usual_s


def install_agents(app: Quart, central: Central) -> None:
    """Add the routes."""
    registry = Registry(SystemClock())

    @app.post("/api/v1/agents/register")
    @document_request(Register)
    @document_response(Registered, 201)
    async def register_agent() -> Response:
        """Register an older agent."""
        registration = await body.read(request, Register)
        _check_token(central, registration.agent_id or registration.machine_id or "")
        agent_id = registry.register(registration)
        pause_s = interval_s(central, agent_id, running=False)
        return answer(Registered(agent_id=agent_id, heartbeat_interval_s=pause_s), 201)

    @app.post("/api/v1/agents/<agent_id>/heartbeat")
    @document_request(Heartbeat)
    @document_response(Ack)
    async def heartbeat(agent_id: str) -> Response:
        """Record an older agent's heartbeat; 404 makes it register again."""
        _check_token(central, agent_id)
        beat = await body.read(request, Heartbeat)
        registry.beat(agent_id, beat)
        pause_s = interval_s(central, agent_id, running=beat.status == "running")
        settings = {"heartbeat_interval_s": pause_s}
        return answer(Ack(ack=True, agent_id=agent_id, commands=(), settings=settings))

    @app.get("/api/v1/agents")
    @document_response(OlderAgents)
    async def older_agents() -> Response:
        """List the agents that registered."""
        return answer(OlderAgents(agents=registry.all()))


def _check_token(central: Central, agent_id: str) -> None:
    """Raise 403 for a machine's own token that another machine shows."""
    token = bearer(cast(Scope, request.scope))
    if token is None:
        return
    try:
        check_machine(central.tokens, sha256_of(token), agent_id or "an agent without a name")
    except BenchraceError as error:
        raise Problem(403, error.category, error.message, error.remedy) from error
