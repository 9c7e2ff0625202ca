"""The table `llamacpp` of agent.yaml: programs, models, ports and limits."""

import shutil
from typing import Annotated

from benchrace.plugin import BenchraceError, Category, Config, Meta
from benchrace_llamacpp.models.model_file import expanded
from benchrace_llamacpp.table_checks import (
    check_arguments,
    check_folders,
    check_host,
    check_rpc_arguments,
)

SERVER = "llama-server"
# The name since 2026, and the one before.
RPC_SERVERS = ("ggml-rpc-server", "rpc-server")
_TAKEN = 8080
_REMEDY = (
    "Install llama.cpp (e.g. brew install llama.cpp), or set `{key}` in the table `llamacpp` of "
    "agent.yaml to the program's path."
)

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0)]


class LlamaCppConfig(Config, frozen=True, kw_only=True):
    """The table `llamacpp`; every key has a default."""

    llama_server: Annotated[
        str, Meta(title="llama-server", description="Name on PATH, or path.")
    ] = SERVER
    rpc_server: Annotated[
        str,
        Meta(title="rpc-server", description="Name or path; default ggml-rpc-server, rpc-server."),
    ] = ""
    models: Annotated[
        tuple[str, ...], Meta(title="Models", description="Folders with GGUF files.")
    ] = ()
    port: Annotated[Port, Meta(title="Port", description="Port of llama-server; not 8080.")] = 18080
    rpc_port: Annotated[
        Port, Meta(title="Worker's port", description="Port of rpc-server; 0 picks a free one.")
    ] = 50052
    rpc_host: Annotated[
        str | None,
        Meta(
            title="Worker's address",
            description="Address to listen on, such as that of a direct link.",
        ),
    ] = None
    arguments: Annotated[
        tuple[str, ...],
        Meta(title="Arguments", description="Additional arguments for llama-server."),
    ] = ()
    rpc_arguments: Annotated[
        tuple[str, ...],
        Meta(title="Worker's arguments", description="Additional arguments for rpc-server."),
    ] = ()
    worker_cache: Annotated[
        bool,
        Meta(title="Worker's cache", description="Keeps weights on the worker's disk (-c)."),
    ] = False
    start_timeout_s: Annotated[
        Seconds, Meta(title="Start limit", description="Seconds until the model is loaded.")
    ] = 900.0

    def __post_init__(self) -> None:
        if self.port in (0, _TAKEN):
            raise ValueError(
                f"port: {self.port} is not accepted: 0 is not a fixed port, and users' own servers "
                "listen on 8080; choose another (e.g. 18080)"
            )
        check_folders(self.models)
        check_arguments(self.arguments)
        check_rpc_arguments(self.rpc_arguments)
        if self.rpc_host is not None:
            check_host(self.rpc_host)


def server_program(config: LlamaCppConfig) -> str:
    """Return the path of llama-server; raises `system` with the remedy. Blocks."""
    return _program((config.llama_server,), "llama_server")


def rpc_program(config: LlamaCppConfig) -> str:
    """Return the path of rpc-server; raises `system` with the remedy. Blocks."""
    names = (config.rpc_server,) if config.rpc_server else RPC_SERVERS
    return _program(names, "rpc_server")


def _program(names: tuple[str, ...], key: str) -> str:
    for name in names:
        if (path := shutil.which(expanded(name))) is not None:
            return path
    text = f"program not found: {' or '.join(names)}"
    raise BenchraceError(Category.SYSTEM, text, _REMEDY.format(key=key))
