"""The contract tests of text backends, on a scripted murmur."""

import json
from collections.abc import Sequence
from typing import Any

from benchrace.plugin import TextBackend
from benchrace.testing.server import Request
from benchrace.testing.text import TextContract
from benchrace.testing.text_engine import Counts, Reply, Wire
from benchrace_murmur.backend import Murmur
from benchrace_murmur.config import MurmurConfig


class MurmurWire(Wire):
    content_type = "application/x-ndjson"

    def line(self, **fields: Any) -> bytes:
        return json.dumps(fields).encode() + b"\n"

    def content(self, text: str) -> bytes:
        return self.line(t=text)

    def error(self, message: str) -> bytes:
        return self.line(error=message)

    def end(self, counts: Counts) -> Sequence[bytes]:
        figures = {"prompt": counts.prompt, "out": counts.output, "cached": counts.cached}
        return (self.line(end=counts.finish, counts=figures),)

    def control(self, request: Request) -> Reply | None:
        match request.head.split(b" ")[1]:
            case b"/about":
                return Reply({"version": "2.1", "models": ["tiny"], "active": 0})
            case b"/resident":
                return Reply({"models": []})
            case b"/load" | b"/unload":
                return Reply({"ok": True})
            case _:
                return None  # a request for text: the contract answers it


class TestMurmur(TextContract):
    wire = MurmurWire()

    def make(self, url: str) -> TextBackend:
        return Murmur(MurmurConfig(base_url=url))
