"""The table `openai` of agent.yaml: one server, or a list of them."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec

from benchrace.plugin import Config, FieldError, InvalidInput, Launch, Meta

URL_VARIABLE = "OPENAI_BASE_URL"
KEY_VARIABLE = "OPENAI_API_KEY"

Name = Annotated[str, Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=64)]


class Engine(StrEnum):
    """Which dialect a server speaks; `auto` asks it."""

    AUTO = "auto"
    LLAMA_SERVER = "llama-server"
    VLLM = "vllm"
    SGLANG = "sglang"
    LMSTUDIO = "lmstudio"
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
        parts = urlsplit(self.base_url)
        if "@" in parts.netloc:
            # The address is a label in logs and results, so that it is not told here either.
            raise ValueError("base_url holds a user or a password: take api_key or api_key_env")
        if parts.scheme not in ("http", "https") or not parts.hostname or not _port_is_one(parts):
            raise ValueError(f"base_url is {self.base_url!r:.200}: expected http://host:port")

    def __repr__(self) -> str:
        # A key must never get into a log or a traceback.
        return f"Server({self.label!r})"

    @property
    def root(self) -> str:
        """The address without `/v1`, which every path here brings along."""
        return self.base_url.rstrip("/").removesuffix("/v1").rstrip("/")

    @property
    def label(self) -> str:
        """Its name, or its address where it has none."""
        return self.name or self.root

    def key(self, environ: Mapping[str, str]) -> str | None:
        """Give the key to send, None where there is none."""
        if self.api_key is None and self.api_key_env is not None:
            return environ.get(self.api_key_env) or None
        return self.api_key or None


def _port_is_one(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


class OpenAIConfig(Config, frozen=True, kw_only=True):
    """One server's keys, or `servers`, which is what a list of tables becomes."""

    base_url: str = ""
    name: Name = ""
    api_key: str | None = None
    api_key_env: str | None = None
    engine: Engine = Engine.AUTO
    launch: Launch = Launch()
    servers: tuple[Server, ...] = ()

    def __post_init__(self) -> None:
        if self.servers and self.base_url:
            raise ValueError("give one server's keys, or a list of servers, not both")
        if not self.base_url and (self.name or self.launch != Launch()):
            raise ValueError("base_url is missing: the server's address, http://host:port")
        names = [each.name for each in self.listed()]
        if len(names) > 1 and (not all(names) or len(set(names)) < len(names)):
            raise ValueError("several servers need a `name` each, and no two the same")

    def __repr__(self) -> str:
        return f"OpenAIConfig({', '.join(each.label for each in self.listed())})"

    def listed(self) -> tuple[Server, ...]:
        """Give all servers, the first being the default."""
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
    """Give the configured servers; where there are none, what `OPENAI_BASE_URL` names."""
    found = config.listed() if isinstance(config, OpenAIConfig) else ()
    url = (os.environ if environ is None else environ).get(URL_VARIABLE, "").strip()
    if found or not url:
        return found
    try:
        return (Server(base_url=url, api_key_env=KEY_VARIABLE),)
    except ValueError as error:
        raise InvalidInput(FieldError(URL_VARIABLE, str(error)), "Correct the variable.") from error
