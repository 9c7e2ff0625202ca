"""The configuration of Ollama: the table `ollama` of `agent.yaml`, and environment variables."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from benchrace.plugin import BenchraceError, Category, Config, FieldError, Launch, Meta

PORT = 11434
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


class OllamaConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `ollama`; null is "not set"."""

    base_url: Annotated[
        str | None,
        Meta(title="Address", description=f"Ollama's; default http://127.0.0.1:{PORT}."),
    ] = None
    launch: Annotated[
        Launch,
        Meta(title="Start and stop", description="By a systemd unit, by brew, or by a command."),
    ] = Launch()


def base_url(config: OllamaConfig, environ: Mapping[str, str]) -> str:
    """Return the address without a trailing slash.

    `OLLAMA_BASE_URL` takes precedence, then `OLLAMA_HOST`, in Ollama's own syntax, and
    `OLLAMA_PORT`, then the configuration. Raises `validation` for an invalid address.
    """
    if url := _plain(environ.get("OLLAMA_BASE_URL", "")):
        return _address(url, "OLLAMA_BASE_URL")
    host, port = (_plain(environ.get(name, "")) for name in ("OLLAMA_HOST", "OLLAMA_PORT"))
    if host or port:
        return _address(host, "OLLAMA_HOST", port)
    return _address(_plain(config.base_url or ""), "ollama.base_url")


def _plain(text: str) -> str:
    """Return a variable without quotes and spaces around it, which Ollama also strips."""
    return text.strip().strip("\"'").strip()


def _address(text: str, name: str, port: str = "") -> str:
    if _is_ipv6(text):
        text = f"[{text}]"
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if "@" in parts.netloc:
            # It would be silently ignored, and must not be shown.
            raise _invalid(name, "the address has a user or a password, which Ollama ignores")
        number = int(port) if port else parts.port
        if parts.scheme not in ("http", "https") or not 0 < (number or 1) < 65536:
            raise ValueError(text)
    except ValueError:
        message = f"invalid address {text!r} {port!r} (e.g. http://127.0.0.1:{PORT})"
        raise _invalid(name, message) from None
    host = parts.hostname or ""
    host = _ANY.get(host, host)
    if number is None:
        number = PORT if "://" not in text else {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{number}{parts.path.rstrip('/')}"


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _invalid(name: str, message: str) -> BenchraceError:
    return BenchraceError(
        Category.VALIDATION, f"{name}: {message}", fields=[FieldError(name, message)]
    )
