"""Which answer belongs to which request; `/_stand_in` is its own, all others are Ollama's."""

import json
import re
from typing import Any

from .engine import Engine
from .faults import Fault, Kind
from .generate import generate
from .openai_routes import PREFIX, answer_openai
from .pull import pull
from .wire import JSON, Peer, Request, dumps

CONTROL = "/_stand_in"
TEXT = "text/plain"
GETS = ("/", "/api/version", "/api/tags", "/api/ps")
POSTS = ("/api/generate", "/api/chat", "/api/show", "/api/pull")
NEAR = ("127.0.0.1", "localhost", "[::1]")


async def answer(engine: Engine, peer: Peer, request: Request) -> None:
    """Answer one request."""
    if re.sub(r":\d+$", "", request.host) not in NEAR:
        return await peer.say(403, b"", None)
    if request.path == CONTROL:
        return await control(engine, peer, request)
    if request.path.startswith(PREFIX):
        return await answer_openai(engine, peer, request)
    if request.method in ("GET", "HEAD") and request.path in GETS:
        return await peer.say(200, *_got(engine, request))
    if request.path in GETS + POSTS and request.method != "POST":
        return await peer.say(405, b"405 method not allowed", TEXT)
    if request.path not in POSTS:
        is_get = request.path in GETS
        text = b"405 method not allowed" if is_get else b"404 page not found"
        return await peer.say(405 if is_get else 404, text, TEXT)
    try:
        body = json.loads(request.body)
    except ValueError:
        empty = "missing request body" if not request.body else "unexpected EOF"
        return await peer.error(400, empty)
    return await _post(engine, peer, request.path, body)


def _got(engine: Engine, request: Request) -> tuple[bytes, str]:
    match request.path:
        case "/api/version":
            document: Any = {"version": engine.version}
        case "/api/tags":
            document = {"models": [model.tag() for model in engine.models.values()]}
        case "/api/ps":
            document = {"models": engine.ps()}
        case _:
            return (
                b"" if request.method == "HEAD" else b"Ollama is running",
                f"{TEXT}; charset=utf-8",
            )
    return dumps(document), JSON


async def _post(engine: Engine, peer: Peer, path: str, body: dict[str, Any]) -> None:
    match path:
        case "/api/generate" | "/api/chat":
            await generate(engine, peer, body, chat=path == "/api/chat")
        case "/api/pull":
            await pull(engine, peer, body)
        case _:
            name = str(body.get("model") or body.get("name") or "")
            model = engine.find(name)
            if not name:
                return await peer.error(400, "model is required")
            if model is None:
                full = name if ":" in name or engine.old else f"{name}:latest"
                return await peer.error(404, f"model '{full}' not found")
            await peer.say(200, dumps(model.show(bool(body.get("verbose")))))
    return None


async def control(engine: Engine, peer: Peer, request: Request) -> None:
    """GET: what was asked, by generate and chat. POST: `fault`, `after`, `times`, `skip`; or
    `model` with what it is to have (`token_ms`, `prefill_ms`, `batch_ms`, `load_ms`, `eos`,
    `think`); `without` the models that it
    names; or `kill_runners`, as by a signal.
    """
    if request.method == "POST":
        changes = json.loads(request.body)
        if "without" in changes:
            for name in changes["without"]:
                engine.models.pop(f"{name}:latest", None)
        elif "kill_runners" in changes:
            for runner in engine.runners.values():
                engine.kill_runner(runner)
        elif "model" in changes:
            model = engine.models[f"{changes.pop('model')}:latest"]
            for name, value in changes.items():
                setattr(model, name, value)
        else:
            engine.fault = Fault(Kind(changes.pop("fault")), **changes)
    await peer.say(200, dumps({"asked": engine.requests, "resident": engine.ps()}))
