"""What the server does: a queue, one worker, a cache by inputs, and what it reports to whom."""

import heapq
import json
import time
from dataclasses import dataclass, field
from typing import Any

import anyio

from .picture import picture
from .recorded import recording
from .validate import ancestors, is_link
from .wire import Peer

Message = dict[str, Any]
SAMPLERS = ("KSampler", "KSamplerAdvanced")
# They report at least so far apart, in seconds and as a share of their steps.
THROTTLE_S, THROTTLE_SHARE = 0.1, 0.005
_UNREAD_S = 10.0


@dataclass
class Settings:
    """What a test may change; times in ms."""

    step_ms: float = 2.0
    load_ms: float = 4.0
    # From the last message to the entry in the history, in which the server collects garbage.
    history_delay_ms: float = 0.0
    # Between the stamp of the end and its message: the whole server collects garbage.
    stands_still_ms: float = 0.0
    # What is sent from the sampler's last step on comes that much after the entry in the history
    # was read.
    late_ms: float = 0.0
    # Added to the stamp of an end: the wall clock was set.
    step_clock_ms: float = 0.0
    # open, refused, cut (after the step `cut_at`), silent.
    socket: str = "open"
    cut_at: int = 1
    device: str = "cpu"
    argv: list[str] = field(default_factory=list)
    # The class of the node that fails, with what it raises.
    fail: dict[str, str] = field(default_factory=dict)
    previews: bool = False
    images: int | None = None
    forgets_models: bool = False
    files_gone: bool = False
    # Before a prompt that was sent is queued.
    post_delay_ms: float = 0.0
    # As servers did before July 2025.
    ignores_ids: bool = False
    # The paths that answer 500.
    broken: list[str] = field(default_factory=list)


@dataclass(order=True)
class Prompt:
    number: float
    prompt_id: str
    graph: Message = field(compare=False)
    extra: Message = field(compare=False)
    outputs: list[str] = field(compare=False)

    @property
    def row(self) -> list[Any]:
        return [self.number, self.prompt_id, self.graph, self.extra, self.outputs]


class Log:
    """What happens to a prompt, as its history keeps it."""

    def __init__(self, prompt_id: str) -> None:
        self.messages: list[Any] = []
        self.outputs: Message = {}
        self._prompt_id = prompt_id

    def note(self, kind: str, **data: Any) -> tuple[str, Message]:
        stamp = {"prompt_id": self._prompt_id, "timestamp": int(time.time() * 1000)}
        self.messages.append([kind, {**data, **stamp}])
        return kind, self.messages[-1][1]

    @property
    def status(self) -> Message:
        good = self.messages[-1][0] == "execution_success"
        text = "success" if good else "error"
        return {"status_str": text, "completed": good, "messages": self.messages}


class Interrupted(Exception):
    """Somebody interrupted the prompt."""


class NodeFailed(Exception):
    """A node raised."""


class Engine:
    """The server's state; lost when its process ends, but for the files."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.settings = Settings()
        self.pending: list[Prompt] = []
        self.running: Prompt | None = None
        self.history: dict[str, Message] = {}
        self.files: dict[str, bytes] = {"input/example.png": b"\x89PNG"}
        self.sockets: dict[str, Peer] = {}
        self.requests: list[str] = []
        self.number = 0
        self.interrupt = False
        self.frees: Message = {}
        self._cache: dict[str, Any] = {}
        self._late: list[tuple[Prompt, str, Message]] | None = None
        self._read = anyio.Event()
        self._changed = anyio.Event()
        self._seen: set[str] = set()

    @property
    def old(self) -> bool:
        return self.version.startswith("0.3.")

    @property
    def stats(self) -> Message:
        stats: Message = json.loads(json.dumps(recording(self.version)["stats"]))
        stats["system"]["argv"] += self.settings.argv
        if self.settings.device != "cpu":
            stats["devices"][0] |= {"name": self.settings.device, "type": "cuda", "index": 0}
        return stats

    def put(self, prompt: Prompt) -> None:
        heapq.heappush(self.pending, prompt)
        self.report_status()
        self._changed.set()

    def wake(self) -> None:
        self._changed.set()

    def report_status(self) -> None:
        """Report to everybody how many prompts wait and run."""
        left = len(self.pending) + (self.running is not None)
        for peer in self.sockets.values():
            if self.settings.socket != "silent":
                peer.text(
                    {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": left}}}}
                )

    async def work(self) -> None:
        """Run prompts, one after the other, for ever."""
        while True:
            self._free()
            if not self.pending:
                self._changed = anyio.Event()
                await self._changed.wait()
                continue
            self.running = heapq.heappop(self.pending)
            self.report_status()
            await self._run(self.running)

    async def _run(self, prompt: Prompt) -> None:
        self.interrupt = False
        log = Log(prompt.prompt_id)
        self._tell(prompt, *log.note("execution_start"))
        order = list(
            dict.fromkeys(node for out in prompt.outputs for node in ancestors(prompt.graph, out))
        )
        keys = {node: self._key(prompt.graph, node) for node in order}
        cached = [node for node in order if keys[node] in self._cache]
        self._tell(prompt, *log.note("execution_cached", nodes=cached))
        await self._nodes(prompt, log, keys)
        last = log.messages[-1]
        last[1]["timestamp"] += self.settings.step_clock_ms
        self._cache = {key: value for key, value in self._cache.items() if key in keys.values()}
        entry = {"prompt": prompt.row, "outputs": log.outputs, "status": log.status}
        if self.settings.stands_still_ms:
            self.history[prompt.prompt_id], self.running = entry, None
            time.sleep(self.settings.stands_still_ms / 1e3)  # noqa: ASYNC251 - for every client
        self._tell(prompt, *last)
        await anyio.sleep(self.settings.history_delay_ms / 1e3)
        # The server moves it under a lock.
        self.history[prompt.prompt_id], self.running = entry, None
        self.report_status()
        self._tell(prompt, "executing", {"node": None})
        await self._send_late()

    async def _send_late(self) -> None:
        if self._late is None:
            return
        # Unless nobody asks any more.
        with anyio.move_on_after(_UNREAD_S):
            await self._read.wait()
            await anyio.sleep(self.settings.late_ms / 1e3)
        late, self._late = self._late, None
        for prompt, kind, data in late:
            self._tell(prompt, kind, data)

    def look_up(self, prompt_id: str) -> Message:
        """Return what the history answers of a prompt."""
        if prompt_id not in self.history:
            return {}
        self._read.set()
        return {prompt_id: self.history[prompt_id]}

    async def _nodes(self, prompt: Prompt, log: Log, keys: dict[str, str]) -> None:
        executed: list[str] = []
        for node, key in keys.items():
            kind = prompt.graph[node]["class_type"]
            place = {"node_id": node, "node_type": kind, "executed": executed}
            try:
                if key not in self._cache:
                    self._tell(prompt, "executing", {"node": node, "display_node": node})
                    self._cache[key] = await self._node(prompt, node)
                    executed.append(node)
            except Interrupted:
                log.note("execution_interrupted", **place)
                return
            except NodeFailed as error:
                failure, text = str(error).split(": ", 1)
                trace = ['  File "/app/ComfyUI/execution.py", line 545, in execute\n']
                what = {"exception_type": failure, "exception_message": text, "traceback": trace}
                log.note("execution_error", **place, **what)
                return
            if node in prompt.outputs:
                output = log.outputs[node] = {"images": self._cache[key]}
                data = {"node": node, "display_node": node, "output": output}
                self._tell(prompt, "executed", data)
        log.note("execution_success")

    async def _node(self, prompt: Prompt, node: str) -> Any:
        part = prompt.graph[node]
        kind, inputs = part["class_type"], part["inputs"]
        if self.settings.fail.get("node") == kind:
            raise NodeFailed(f"{self.settings.fail['type']}: {self.settings.fail['message']}")
        if kind == "CheckpointLoaderSimple":
            await anyio.sleep(self.settings.load_ms / 1e3)
            if inputs["ckpt_name"].startswith("corrupt"):
                raise NodeFailed(
                    "safetensors._safetensors_rust.SafetensorError: "
                    "Error while deserializing header: invalid header length\n"
                )
        if kind in SAMPLERS:
            await self._sample(prompt, node, int(inputs["steps"]))
        if kind == "SaveImage":
            return self._save(prompt, str(inputs["filename_prefix"]), "output")
        if kind == "PreviewImage":
            return self._save(prompt, "ComfyUI_temp", "temp")
        return []

    async def _sample(self, prompt: Prompt, node: str, steps: int) -> None:
        shown_s, shown = 0.0, 0
        for step in range(1, steps + 1):
            await anyio.sleep(self.settings.step_ms / 1e3)
            if self.interrupt:
                raise Interrupted
            now, far = time.monotonic(), (step - shown) / steps >= THROTTLE_SHARE
            due = step in (1, steps) or (now - shown_s >= THROTTLE_S and far)
            if self.settings.late_ms and step == steps:
                self._late, self._read = [], anyio.Event()
            if self.old or due or self.settings.previews:
                shown_s, shown = now, step
                self._tell(prompt, "progress", {"value": step, "max": steps, "node": node})
            if self.settings.previews and (peer := self._peer(prompt)) is not None:
                peer.binary(bytes.fromhex("0000000100000001ffd8ffe0"))
            if (self.settings.socket, self.settings.cut_at) == ("cut", step) and (
                peer := self._peer(prompt)
            ) is not None:
                peer.cut()

    def _save(self, prompt: Prompt, prefix: str, folder_type: str) -> list[Message]:
        folder, _, stem = prefix.rpartition("/")
        sizes = [part["inputs"].get("batch_size", 1) for part in prompt.graph.values()]
        count = self.settings.images if self.settings.images is not None else max(sizes)
        images = []
        for _ in range(count):
            name = f"{stem}_{len(self.files) + 1:05}_.png"
            self.files[f"{folder_type}/{folder}/{name}"] = picture(json.dumps(prompt.graph))
            images.append({"filename": name, "subfolder": folder, "type": folder_type})
        return images

    def _key(self, graph: Message, node: str) -> str:
        """Identify a node by its inputs and those of its ancestors, whatever they are called."""
        inputs = {
            name: [self._key(graph, str(value[0])), value[1]] if is_link(value) else value
            for name, value in graph[node]["inputs"].items()
        }
        # An image that is loaded counts by its content.
        file = self.files.get(f"input/{graph[node]['inputs'].get('image')}", b"").hex()
        return json.dumps([graph[node]["class_type"], inputs, file], sort_keys=True)

    def _tell(self, prompt: Prompt, kind: str, data: Message) -> None:
        """Report to the client of a prompt. Without one, progress and interruptions go to all."""
        if self._late is not None:
            self._late.append((prompt, kind, data))
            return
        message = {"type": kind, "data": {**data, "prompt_id": prompt.prompt_id}}
        if self.settings.socket == "silent":
            return
        if "client_id" in prompt.extra:
            if (peer := self._peer(prompt)) is not None:
                peer.text(message)
        elif kind in ("progress", "execution_interrupted"):
            for peer in self.sockets.values():
                peer.text(message)

    def _peer(self, prompt: Prompt) -> Peer | None:
        return self.sockets.get(prompt.extra.get("client_id", ""))

    def _free(self) -> None:
        frees, self.frees = self.frees, {}
        if frees.get("free_memory") and not self.settings.forgets_models:
            self._cache = {}
