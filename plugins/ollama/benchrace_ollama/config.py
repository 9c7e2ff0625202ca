"""Where Ollama is: the table `ollama` of `agent.yaml`, and the environment, which wins over it."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from benchrace.plugin import BenchraceError, Category, Config, FieldError, Launch, Meta

PORT = 11434
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


class OllamaConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Null is "not said"."""

    base_url: Annotated[
        str | None,
        Meta(title="Address", description=f"Ollama's; http://127.0.0.1:{PORT} where not said."),
    ] = None
    launch: Annotated[
        Launch,
        Meta(title="Start and stop", description="By a systemd unit, by brew, or by a command."),
    ] = Launch()


def base_url(config: OllamaConfig, environ: Mapping[str, str]) -> str:
    """Give the address without a slash at its end.

    `OLLAMA_BASE_URL` wins, then `OLLAMA_HOST` and `OLLAMA_PORT`, as Ollama itself reads the
    former, then the configuration. Raises `validation` for what is no address.
    """
    if url := environ.get("OLLAMA_BASE_URL", "").strip():
        return _address(url, "OLLAMA_BASE_URL")
    host, port = (environ.get(name, "").strip() for name in ("OLLAMA_HOST", "OLLAMA_PORT"))
    if host or port:
        return _address(host, "OLLAMA_HOST", port)
    return _address(config.base_url or "", "ollama.base_url")


def _address(text: str, name: str, port: str = "") -> str:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if "@" in parts.netloc:
            # It would be passed over in silence, and must not be told.
            raise _refused(name, "the address holds a user or a password: Ollama takes neither")
        found = int(port) if port else parts.port
        if parts.scheme not in ("http", "https") or not 0 < (found or 1) < 65536:
            raise ValueError(text)
    except ValueError:
        message = f"expected an address like http://127.0.0.1:{PORT}, not {text!r} {port!r}"
        raise _refused(name, message) from None
    host = parts.hostname or ""
    host = _ANY.get(host, host)
    if found is None:
        found = PORT if "://" not in text else {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{found}{parts.path.rstrip('/')}"


def _refused(name: str, message: str) -> BenchraceError:
    return BenchraceError(
        Category.VALIDATION, f"{name}: {message}", fields=[FieldError(name, message)]
    )
