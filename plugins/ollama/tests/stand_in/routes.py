"""Which answer belongs to which request; `/_stand_in` is its own, all others are Ollama's."""

import json
import re
from typing import Any

from .engine import Engine
from .faults import Fault, Kind
from .generate import generate
from .pull import pull
from .wire import JSON, Asked, Peer, dumps

CONTROL = "/_stand_in"
TEXT = "text/plain"
GETS = ("/", "/api/version", "/api/tags", "/api/ps")
POSTS = ("/api/generate", "/api/chat", "/api/show", "/api/pull")
NEAR = ("127.0.0.1", "localhost", "[::1]")


async def answer(engine: Engine, peer: Peer, asked: Asked) -> None:
    """Answer one request."""
    if re.sub(r":\d+$", "", asked.host) not in NEAR:
        return await peer.say(403, b"", None)
    if asked.path == CONTROL:
        return await control(engine, peer, asked)
    if asked.method in ("GET", "HEAD") and asked.path in GETS:
        return await peer.say(200, *_got(engine, asked))
    if asked.path in GETS + POSTS and asked.method != "POST":
        return await peer.say(405, b"405 method not allowed", TEXT)
    if asked.path not in POSTS:
        known = asked.path in GETS
        text = b"405 method not allowed" if known else b"404 page not found"
        return await peer.say(405 if known else 404, text, TEXT)
    try:
        body = json.loads(asked.body)
    except ValueError:
        empty = "missing request body" if not asked.body else "unexpected EOF"
        return await peer.error(400, empty)
    return await _post(engine, peer, asked.path, body)


def _got(engine: Engine, asked: Asked) -> tuple[bytes, str]:
    match asked.path:
        case "/api/version":
            said: Any = {"version": engine.version}
        case "/api/tags":
            said = {"models": [each.tag() for each in engine.models.values()]}
        case "/api/ps":
            said = {"models": engine.ps()}
        case _:
            return b"" if asked.method == "HEAD" else b"Ollama is running", f"{TEXT}; charset=utf-8"
    return dumps(said), JSON


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


async def control(engine: Engine, peer: Peer, asked: Asked) -> None:
    """GET: what was asked, by generate and chat. POST: `fault`, `after`, `times`, `skip`; or
    `model` with what it is to have (`token_ms`, `prefill_ms`, `load_ms`, `eos`, `think`).
    """
    if asked.method == "POST":
        told = json.loads(asked.body)
        if "model" in told:
            model = engine.models[f"{told.pop('model')}:latest"]
            for name, value in told.items():
                setattr(model, name, value)
        else:
            engine.fault = Fault(Kind(told.pop("fault")), **told)
    await peer.say(200, dumps({"asked": engine.asked, "resident": engine.ps()}))
