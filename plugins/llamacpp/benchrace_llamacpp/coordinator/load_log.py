"""Read llama-server's log: how far loading is, where the weights are, and why it ended.

Sizes of buffers are logged at verbosity 4 alone, which the server is started with.
"""

import re
from collections.abc import Iterable

import msgspec

MIB = 1 << 20

_BUFFER = re.compile(
    r"(?P<device>\S+?) +(?P<what>model|KV|compute|output|RS) buffer size = +(?P<mib>[\d.]+) MiB"
)
# Builds differ: RPC[host:port], or RPC0[host:port] with the index inside of the endpoint.
_ENDPOINT = re.compile(r"RPC\d*\[(?P<endpoint>[^\]]+)\]")
_LAYERS = re.compile(r"offloaded (\d+)/(\d+) layers")
# A step that measures what fits may load the model's outline before.
_BEGIN = "loading model tensors"
_FAILED = re.compile(
    r"(?:ggml-rpc\.cpp:\d+: )?(?P<reason>Failed to connect to \S+"
    r"|Remote RPC server crashed or returned malformed response"
    r"|RPC server version mismatch: \S+"
    r"|GGML_ASSERT\([^)]*\) failed"
    r"|.*couldn't bind HTTP server socket.*"
    r"|.*(?:error loading model|failed to load model|failed to open).*"
    r"|.*(?:out of memory|failed to allocate|unable to allocate).*"
    r"|^error: .*)"
)
_OF_WORKERS = ("Failed to connect to", "Remote RPC server crashed", "RPC server version mismatch")
_CONNECT = re.compile(r"Failed to connect to (\S+)")
# What is logged on the way, and what it means.
_PHASES = (
    ("loading model tensors", "sending the weights"),
    ("offloaded", "sending the weights"),
    ("llama_context: constructing", "making room for the context"),
    ("warming up the model", "warming up"),
    ("model loaded", "loaded"),
)


class Buffers(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker or device holds, in MiB."""

    model: float = 0.0
    kv: float = 0.0
    compute: float = 0.0

    @property
    def total(self) -> float:
        return self.model + self.kv + self.compute


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model was placed: buffers by a worker's endpoint, or by a device's name."""

    workers: dict[str, Buffers] = {}
    devices: dict[str, Buffers] = {}
    layers: tuple[int, int] | None = None

    @property
    def sent(self) -> int:
        """The bytes of the weights that the workers hold."""
        return round(sum(buffers.model for buffers in self.workers.values()) * MIB)


def placement(text: str) -> Placement:
    """Return what the log says about the buffers."""
    workers: dict[str, Buffers] = {}
    devices: dict[str, Buffers] = {}
    layers: tuple[int, int] | None = None
    for line in text.splitlines():
        if _BEGIN in line:
            workers, devices = {}, {}
        elif (match := _LAYERS.search(line)) is not None:
            layers = int(match[1]), int(match[2])
        elif (match := _BUFFER.search(line)) is not None:
            endpoint = _ENDPOINT.fullmatch(match["device"])
            holders = devices if endpoint is None else workers
            name = match["device"] if endpoint is None else endpoint["endpoint"]
            before = holders.get(name, Buffers())
            holders[name] = _with(before, match["what"], float(match["mib"]))
    return Placement(workers=workers, devices=devices, layers=layers)


def phase(text: str) -> str:
    """Return in words what a server that loads does now."""
    for line in reversed(text.splitlines()):
        for needle, words in _PHASES:
            if needle in line:
                return words
    return "starting"


def failure(text: str) -> str | None:
    """Return the reason that the log gives for the server's end, None if it gives none."""
    for line in text.splitlines():
        # The first line is about the cause, those after it about what that prevents.
        if (match := _FAILED.search(line)) is not None:
            return match["reason"].strip()[:300]
    return None


def is_of_workers(reason: str | None, status: int) -> bool:
    """Check whether a server's end may be that of a worker, by its log or by its abort."""
    if reason is None:
        return status > 128
    return any(sign in reason for sign in _OF_WORKERS)


def unreachable_endpoint(reason: str) -> str | None:
    """Return the endpoint that a reason names, None if it names none."""
    match = _CONNECT.search(reason)
    return None if match is None else match[1]


def last_lines(text: str, count: int = 5) -> str:
    """Return the end of a log for an error's message."""
    lines: Iterable[str] = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join([line[:200] for line in list(lines)[-count:]])


def _with(before: Buffers, what: str, mib: float) -> Buffers:
    match what:
        case "model":
            return msgspec.structs.replace(before, model=before.model + mib)
        case "KV" | "RS":
            return msgspec.structs.replace(before, kv=before.kv + mib)
        case _:
            return msgspec.structs.replace(before, compute=before.compute + mib)
