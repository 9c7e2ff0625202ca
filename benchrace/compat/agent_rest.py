"""Older routes for what no installed backend offers: honest answers."""

import time

import msgspec
from quart import Quart, Response
from quart_schema import document_response

from benchrace.agent import Agent
from benchrace.agent.answer import answer
from benchrace.errors import BenchraceError, Category


class EngineReset(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to one engine; all null where nothing was."""

    stopped: bool = False
    start_command: str | None = None
    start_stdout_tail: str | None = None
    start_stderr_tail: str | None = None
    start_log_file: str | None = None
    healthy: bool | None = None
    time_to_ready_ms: float | None = None


class ResetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    duration_ms: float
    ollama: EngineReset
    comfyui: EngineReset
    notes: tuple[str, ...]


def install_rest(app: Quart, agent: Agent) -> None:
    """Add reset (always 200) and the syncs of models (refused with what to install)."""

    @app.post("/api/reset", endpoint="reset")
    @document_response(ResetAnswer)
    async def reset() -> Response:
        """Reset the engines, as far as a backend here can; always 200."""
        """Reset the engines; always 200, and `notes` say what was not done."""
        started = time.monotonic_ns()
        known = await agent.abilities.known()
        names = ", ".join(status.description.name for status in known.backends) or "none"
        notes = (f"nothing was reset: no backend here offers it (installed: {names})",)
        return answer(
            ResetAnswer(
                ok=False,
                duration_ms=(time.monotonic_ns() - started) / 1e6,
                ollama=EngineReset(),
                comfyui=EngineReset(),
                notes=notes,
            )
        )

    def refuse(plugin: str) -> BenchraceError:
        return BenchraceError(
            Category.UNREACHABLE,
            "no backend here can copy models",
            f"Install one that does: pip install benchrace-{plugin}",
        )

    @app.post("/models/sync", endpoint="sync_models")
    async def sync_models() -> Response:
        """Copy models to this machine, where a backend here can."""
        """Copy models here; refused with what to install where no backend can."""
        raise refuse("ollama")

    @app.post("/api/comfy/sync_checkpoints", endpoint="sync_checkpoints")
    async def sync_checkpoints() -> Response:
        """Copy checkpoints to this machine, where a backend here can."""
        """Copy checkpoints here; refused with what to install where no backend can."""
        raise refuse("comfyui")
