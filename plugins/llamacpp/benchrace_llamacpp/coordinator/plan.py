"""What a llama-server is started with; equal plans share one server."""

import math
from pathlib import Path
from typing import Any

import msgspec

from benchrace.plugin import Lane, Peer, ServeParams, TextParams
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.models.model_file import ModelFile, shards

HOST = "127.0.0.1"
_CONTEXT = 4096
_STEP = 1024


class ServerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The key of a server: program, file, workers and arguments.

    `changed_ns` and `size` are those of all parts of the file, so that another file of the name is
    another plan.
    An empty `split` is chosen at the start, by the memory that is free then.
    """

    program: str
    model: ModelFile
    size: int
    changed_ns: int
    port: int
    peers: tuple[Peer, ...] = ()
    context: int
    slots: int
    gpu_layers: int
    split: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def endpoints(self) -> tuple[str, ...]:
        return tuple(peer.endpoint for peer in self.peers)

    @property
    def key(self) -> tuple[Any, ...]:
        """What must be equal to use one server; labels and measured memory are not part of it."""
        of_file = self.program, self.model.path, self.size, self.changed_ns, self.port
        layout = self.endpoints, self.context, self.slots, self.gpu_layers, self.split
        return (*of_file, *layout, self.arguments)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def words(self, split: str) -> tuple[str, ...]:
        """Return the command, with the shares of devices that were chosen."""
        command = [
            *(self.program, "-m", self.model.path, "--host", HOST, "--port", str(self.port)),
            *("-c", str(self.context * self.slots), "-np", str(self.slots)),
            # Sizes of buffers, which prove where the model is, are not logged below this.
            *("-ngl", str(self.gpu_layers), "-lv", "4"),
        ]
        if self.peers:
            command += ["--rpc", ",".join(self.endpoints)]
        if split:
            command += ["--tensor-split", split]
        return (*command, *self.arguments)


def plan_of(
    lane: Lane[Any], config: LlamaCppConfig, program: str, model: ModelFile, peers: tuple[Peer, ...]
) -> ServerPlan:
    """Return the plan of a lane. Blocks; raises `OSError` where the file is gone."""
    info = Path(model.path).stat()
    files = [part.stat() for part in shards(Path(model.path))]
    params = lane.params
    return ServerPlan(
        program=program,
        model=model,
        size=sum(file.st_size for file in files) or info.st_size,
        changed_ns=max((file.st_mtime_ns for file in files), default=info.st_mtime_ns),
        port=config.port,
        peers=peers,
        context=context_of(params),
        slots=slots_of(params),
        gpu_layers=params.gpu_layers,
        split=params.tensor_split,
        arguments=config.arguments,
    )


def context_of(params: TextParams) -> int:
    """Return the context of each slot: the lane's, else 4096 tokens or what its answers need."""
    if params.num_ctx:
        return params.num_ctx
    # A byte is at most a token; a prompt of a wanted length is written by estimate.
    prompts = params.prompts if isinstance(params, ServeParams) else ()
    longest = max((len(prompt.encode()) for prompt in (params.prompt, *prompts)), default=0)
    prompt = math.ceil(params.prompt_tokens * 1.5) or longest
    needed = prompt + len(params.system.encode()) + params.max_tokens + 256
    return max(_CONTEXT, math.ceil(needed / _STEP) * _STEP)


def slots_of(params: Any) -> int:
    """Return how many answers the server computes at the same time."""
    if params.slots:
        return int(params.slots)
    return params.concurrency if isinstance(params, ServeParams) else 1
