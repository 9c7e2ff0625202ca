"""/api/pull: a download with the lines that were recorded, and its ways to fail."""

import asyncio
from typing import Any

from .engine import Engine
from .models import Model, sha256
from .wire import Peer

EVERY_S = 0.01
PART = 1 << 20
TOTAL = 8 << 20
MANIFEST = "pull model manifest: "
NO_HOST = 'Get "https://registry/v2/library/{0}/manifests/latest": dial tcp: lookup registry'


async def pull(engine: Engine, peer: Peer, body: dict[str, Any]) -> None:
    """Pull; the names `nomodel`, `no-host`, `broken` and `stuck` fail as they were seen to."""
    name = str(body.get("model", ""))
    if not name or " " in name:
        return await peer.error(400, "invalid model name")
    peer.begin()
    await peer.line({"status": "pulling manifest"})
    if name == "nomodel":
        await peer.line({"error": f"{MANIFEST}file does not exist"})
    elif name == "no-host":
        text = f"{MANIFEST}{NO_HOST.format(name)} on 192.0.2.1:53: no such host"
        await peer.line({"error": text})
    else:
        await _layers(engine, peer, name)
    await peer.end()
    return None


async def _layers(engine: Engine, peer: Peer, name: str) -> None:
    digest = sha256(name)
    about: dict[str, Any] = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}"}
    about["total"] = TOTAL
    had = engine.pulled.get(name, PART)
    while had <= TOTAL:
        engine.pulled[name] = had
        await peer.line({**about, "completed": had})
        await asyncio.sleep(EVERY_S)
        if not (name == "stuck" and had >= 2 * PART):
            had += PART
    await peer.line({"status": "verifying sha256 digest"})
    if name == "broken":
        text = f"digest mismatch, file must be downloaded again: want sha256:{digest}, got sha256:0"
        return await peer.line({"error": text})
    await peer.line({"status": "writing manifest"})
    model = Model(name, file=name)
    engine.models[model.full] = model
    await peer.line({"status": "success"})
    return None
