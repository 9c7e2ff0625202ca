"""Which answer belongs to which request; `/_stand_in` is its own, all others are ComfyUI's."""

import asyncio
import dataclasses
import time
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from .engine import Engine, Prompt
from .recorded import recording
from .validate import UUID, Refused, validate
from .wire import Peer, Request

CONTROL = "/_stand_in"
FILE_NAME = "filename of the image"


async def answer(engine: Engine, peer: Peer, request: Request) -> None:
    """Answer one request."""
    if request.path == CONTROL:
        return await control(engine, peer, request)
    if request.headers.get("upgrade", "").lower() == "websocket":
        return await socket(engine, peer, request)
    engine.requests.append(f"{request.method} {request.path}")
    path = (
        request.path.removeprefix("/api")
        if not request.path.startswith("/api/jobs")
        else request.path
    )
    if path in engine.settings.broken:
        return await peer.trouble()
    if request.method == "GET":
        return await got(engine, peer, path, request.query)
    if path == "/upload/image":
        return await uploaded(engine, peer, request)
    try:
        body = request.json() if request.body else None
        if body is None and path != "/interrupt":
            raise ValueError(path)
    except ValueError:
        return await peer.trouble()
    return await posted(engine, peer, path, body)


async def got(engine: Engine, peer: Peer, path: str, query: dict[str, str]) -> None:
    match path.strip("/").split("/"):
        case ["system_stats"]:
            await peer.json(engine.stats)
        case ["queue"]:
            running = [] if engine.running is None else [engine.running.row]
            waiting = [prompt.row for prompt in engine.pending]
            await peer.json({"queue_running": running, "queue_pending": waiting})
        case ["prompt"]:
            left = len(engine.pending) + (engine.running is not None)
            await peer.json({"exec_info": {"queue_remaining": left}})
        case ["history"]:
            await peer.json(engine.history)
        case ["history", prompt_id]:
            await peer.json(engine.look_up(prompt_id))
        case ["object_info", kind]:
            info = recording(engine.version)["object_info"].get(kind)
            await peer.json({} if info is None else {kind: info})
        case ["view"]:
            await view(engine, peer, query)
        case _:
            await peer.say(404)


async def view(engine: Engine, peer: Peer, query: dict[str, str]) -> None:
    name = f"{query.get('type', 'output')}/{query.get('subfolder', '')}/{query.get('filename', '')}"
    data = engine.files.get(name)
    if data is None or engine.settings.files_gone:
        return await peer.say(404)
    return await peer.say(200, data, "image/png")


async def posted(engine: Engine, peer: Peer, path: str, body: Any) -> None:
    match path:
        case "/prompt":
            await prompted(engine, peer, body)
        case "/queue":
            gone = body.get("delete", [])
            left = [prompt for prompt in engine.pending if prompt.prompt_id not in gone]
            engine.pending[:] = [] if body.get("clear") else left
            engine.report_status()
            await peer.say(200)
        case "/interrupt":
            wanted = (body or {}).get("prompt_id")
            running = engine.running
            if running is not None and wanted in (None, running.prompt_id):
                engine.interrupt = True
            await peer.say(200)
        case "/free":
            engine.frees = body
            engine.wake()
            await peer.say(200)
        case _:
            await peer.say(404)


async def uploaded(engine: Engine, peer: Peer, request: Request) -> None:
    """Take a file; one of the same name and other content gets another name."""
    form = fields(request)
    subfolder, folder_type = form.get("subfolder", b"").decode(), form.get("type", b"input")
    if "image" not in form or ".." in subfolder:
        await peer.say(400)
        return
    name = form[FILE_NAME].decode()
    stem, dot, suffix = name.rpartition(".")
    number = 0

    def key() -> str:
        return "/".join(part for part in (folder_type.decode(), subfolder, name) if part)

    while "overwrite" not in form and engine.files.get(key(), form["image"]) != form["image"]:
        number += 1
        name = f"{stem} ({number}){dot}{suffix}"
    engine.files[key()] = form["image"]
    await peer.json({"name": name, "subfolder": subfolder, "type": folder_type.decode()})


def fields(request: Request) -> dict[str, bytes]:
    """Return the fields of a form, with the file's name."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form: dict[str, bytes] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + request.body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        form[str(name)] = bytes(
            part.get_content() if part.get_filename() else part.get_payload(decode=True)
        )
        if (file_name := part.get_filename()) is not None:
            form[FILE_NAME] = file_name.encode()
    return form


async def prompted(engine: Engine, peer: Peer, body: Any) -> None:
    number = engine.number
    engine.number += 1
    await asyncio.sleep(engine.settings.post_delay_ms / 1e3)
    try:
        if not isinstance(body, dict) or "prompt" not in body:
            raise Refused("no_prompt", "No prompt provided", "No prompt provided")
        prompt_id = _prompt_id(engine, body)
        outputs, errors = validate(engine.version, body["prompt"], engine.files)
    except Refused as refused:
        return await peer.json(refused.body, 400)
    extra = dict(body.get("extra_data", {}))
    if "client_id" in body:
        extra["client_id"] = body["client_id"]
    if not engine.old:
        extra["create_time"] = int(time.time() * 1000)
    number = -number if body.get("front") else body.get("number", number)
    engine.put(Prompt(number, prompt_id, body["prompt"], extra, outputs))
    return await peer.json({"prompt_id": prompt_id, "number": number, "node_errors": errors})


def _prompt_id(engine: Engine, body: dict[str, Any]) -> str:
    wanted = body.get("prompt_id")
    if engine.settings.ignores_ids:
        return str(uuid.uuid4())
    if engine.old:
        return str(wanted) if "prompt_id" in body else str(uuid.uuid4())
    if wanted is None:
        return str(uuid.uuid4())
    try:
        if str(uuid.UUID(wanted)) != wanted:
            raise ValueError(wanted)
    except (ValueError, AttributeError):
        raise Refused("invalid_prompt_id", "prompt_id must be a valid UUID", UUID) from None
    return str(wanted)


async def socket(engine: Engine, peer: Peer, request: Request) -> None:
    """Serve a socket; the later one of two with one ID has it alone, even when it has left."""
    if engine.settings.socket == "refused":
        return await peer.say(403)
    peer.upgrade(request)
    sid = request.query.get("clientId") or uuid.uuid4().hex
    engine.sockets[sid] = peer
    left = len(engine.pending) + (engine.running is not None)
    status = {"status": {"exec_info": {"queue_remaining": left}}, "sid": sid}
    peer.text({"type": "status", "data": status})
    async for message in peer.sent():
        if message.get("type") == "feature_flags":
            peer.text({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
    engine.sockets.pop(sid, None)
    return peer.close()


async def control(engine: Engine, peer: Peer, request: Request) -> None:
    """GET: what it was asked. POST: change its settings."""
    if request.method == "POST":
        engine.settings = dataclasses.replace(engine.settings, **request.json())
    await peer.json({"requests": engine.requests, "files": sorted(engine.files)})
