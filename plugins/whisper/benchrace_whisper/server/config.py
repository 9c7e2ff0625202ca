"""Where the transcription server is: the table `transcription-server`, and its variables."""

import os
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from benchrace.plugin import Config, FieldError, InvalidInput, Meta, credential
from benchrace_whisper.config import SpeechConfig

URL_VARIABLE = "TRANSCRIPTION_BASE_URL"
KEY_VARIABLE = "TRANSCRIPTION_API_KEY"
_EXAMPLE = "http://127.0.0.1:8000/v1"


class ServerConfig(SpeechConfig, frozen=True, kw_only=True):
    """One server; its key is `api_key`, or what the variable `api_key_env` holds."""

    base_url: Annotated[
        str, Meta(title="Address", description=f"Address of the API (e.g. {_EXAMPLE}).")
    ] = ""
    api_key: str | None = None
    api_key_env: str | None = None

    def __post_init__(self) -> None:
        if "@" in urlsplit(self.base_url).netloc:
            # Not shown: it has a password.
            raise ValueError("base_url has a user or a password: use api_key or api_key_env")

    def __repr__(self) -> str:
        # A key must never get into a log or a traceback.
        return f"ServerConfig({self.base_url!r})"


def base_url(config: Config | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the address that ends in the API's version, None if there is none.

    `TRANSCRIPTION_BASE_URL` takes precedence. Raises `validation` for an invalid address.
    """
    configured = config.base_url if isinstance(config, ServerConfig) else ""
    name = URL_VARIABLE if environ.get(URL_VARIABLE, "").strip() else "base_url"
    text = (environ.get(URL_VARIABLE, "").strip() or configured.strip()).rstrip("/")
    if not text:
        return None
    try:
        parts = urlsplit(text)
        rooted = not parts.path.strip("/")
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = rooted = False
    if not valid or "@" in text:
        message = f"invalid address (e.g. {_EXAMPLE})"
        raise InvalidInput(FieldError(name, message), "Correct the address.")
    return f"{text}/v1" if rooted else text


def api_key(config: Config | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the key to send, None without one; raises `validation` if it is invalid."""
    if isinstance(config, ServerConfig):
        if config.api_key is not None:
            return credential("api_key", config.api_key)
        if config.api_key_env is not None:
            return credential(config.api_key_env, environ.get(config.api_key_env))
    return credential(KEY_VARIABLE, environ.get(KEY_VARIABLE))
