"""The configuration in the table `openai` of agent.yaml: one server, or a list of them."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec

from benchrace.plugin import Config, FieldError, InvalidInput, Launch, Meta, credential
from benchrace_openai.server.address import Address, address, plain

URL_VARIABLE = "OPENAI_BASE_URL"
KEY_VARIABLE = "OPENAI_API_KEY"

Name = Annotated[str, Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=64)]


class Engine(StrEnum):
    """The dialect of a server; `auto` detects it."""

    AUTO = "auto"
    LLAMA_SERVER = "llama-server"
    VLLM = "vllm"
    SGLANG = "sglang"
    LMSTUDIO = "lmstudio"
    OLLAMA = "ollama"
    MLX = "mlx"
    GENERIC = "generic"


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server. The key is `api_key`, or what the environment variable `api_key_env` holds."""

    base_url: str
    name: Name = ""
    api_key: str | None = None
    api_key_env: str | None = None
    engine: Engine = Engine.AUTO
    launch: Launch = Launch()

    def __post_init__(self) -> None:
        parts = urlsplit(plain(self.base_url))
        if "@" in parts.netloc:
            # Not shown in full: it has a password.
            raise ValueError("base_url has a user or a password: use api_key or api_key_env")
        if parts.scheme not in ("http", "https") or not parts.hostname or not _valid_port(parts):
            raise ValueError(f"invalid base_url {self.base_url!r:.200} (e.g. http://host:port)")

    def __repr__(self) -> str:
        # A key must never get into a log or a traceback.
        return f"Server({self.label!r})"

    @property
    def address(self) -> Address:
        """Where its routes are."""
        return address(plain(self.base_url))

    @property
    def root(self) -> str:
        """The address without the API's version, and without a query, which may have a key."""
        return self.address.root

    @property
    def label(self) -> str:
        """Its name, or its address if it has none."""
        return self.name or self.root

    def key(self, environ: Mapping[str, str]) -> str | None:
        """Return the key to send, None if there is none; raises `validation` if it is invalid."""
        if self.api_key is None and self.api_key_env is not None:
            return credential(self.api_key_env, environ.get(self.api_key_env))
        return credential("api_key", self.api_key)


def _valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


class OpenAIConfig(Config, frozen=True, kw_only=True):
    """The keys of one server, or `servers` for a list of tables."""

    base_url: str = ""
    name: Name = ""
    api_key: str | None = None
    api_key_env: str | None = None
    engine: Engine = Engine.AUTO
    launch: Launch = Launch()
    servers: tuple[Server, ...] = ()

    def __post_init__(self) -> None:
        if self.servers and self.base_url:
            raise ValueError("set the keys of one server, or a list of servers, not both")
        if not self.base_url and (self.name or self.launch != Launch()):
            raise ValueError("base_url is missing: the server's address (e.g. http://host:port)")
        names = [server.name for server in self.listed()]
        if len(names) > 1 and (not all(names) or len(set(names)) < len(names)):
            raise ValueError("several servers need a unique `name` each")

    def __repr__(self) -> str:
        return f"OpenAIConfig({', '.join(server.label for server in self.listed())})"

    def listed(self) -> tuple[Server, ...]:
        """Return all servers, the default first."""
        if not self.base_url:
            return self.servers
        return (
            Server(
                base_url=self.base_url,
                name=self.name,
                api_key=self.api_key,
                api_key_env=self.api_key_env,
                engine=self.engine,
                launch=self.launch,
            ),
        )


def servers(config: Config | None, environ: Mapping[str, str] | None = None) -> tuple[Server, ...]:
    """Return the configured servers; if there are none, the one that `OPENAI_BASE_URL` names."""
    configured = config.listed() if isinstance(config, OpenAIConfig) else ()
    url = (os.environ if environ is None else environ).get(URL_VARIABLE, "")
    url = plain(url)
    if configured or not url:
        return configured
    try:
        return (Server(base_url=url, api_key_env=KEY_VARIABLE),)
    except ValueError as error:
        raise InvalidInput(FieldError(URL_VARIABLE, str(error)), "Correct the variable.") from error
