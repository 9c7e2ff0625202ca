"""The configuration of ComfyUI: the table `comfyui` of `agent.yaml`, and its variable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from benchrace.plugin import BenchraceError, Category, Config, FieldError, Launch, Meta

PORT = 8188
VARIABLE = "COMFYUI_BASE_URL"
_EXAMPLE = f"http://127.0.0.1:{PORT}"
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class ComfyConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `comfyui`; null is "not set"."""

    base_url: Annotated[
        str | None, Meta(title="Address", description=f"ComfyUI's; default {_EXAMPLE}.")
    ] = None
    folder: Annotated[
        str | None, Meta(title="Folder", description="ComfyUI's folder, which contains `models`.")
    ] = None
    workflows: Annotated[
        str | None,
        Meta(title="Workflows", description="The folder of workflows that lanes may name."),
    ] = None
    launch: Annotated[
        Launch,
        Meta(title="Start and stop", description="By a systemd unit, by brew, or by a command."),
    ] = Launch()

    def __post_init__(self) -> None:
        if self.workflows is not None and not Path(self.workflows).is_absolute():
            raise ValueError(f"workflows: {self.workflows!r:.200} is not an absolute path")
        # Workers run in folders of their own.
        if self.home is not None and not self.home.is_absolute():
            raise ValueError(f"folder: {self.folder!r:.200} is not an absolute path")

    @property
    def home(self) -> Path | None:
        """The folder of ComfyUI; None if it is not set."""
        return None if self.folder is None else Path(self.folder).expanduser()


def base_url(config: ComfyConfig, environ: Mapping[str, str]) -> str:
    """Return the address without a trailing slash; `COMFYUI_BASE_URL` takes precedence.

    Raises `validation` for an invalid address.
    """
    if url := _plain(environ.get(VARIABLE, "")):
        return _address(url, VARIABLE)
    return _address(_plain(config.base_url or "") or _EXAMPLE, "comfyui.base_url")


def _plain(text: str) -> str:
    return text.strip().strip("\"'").strip()


def _address(text: str, name: str) -> str:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port, host = parts.port, parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or port == 0:
            raise ValueError(text)
    except ValueError:
        raise _invalid(name, f"invalid address {text!r:.200} (e.g. {_EXAMPLE})") from None
    if "@" in parts.netloc:
        # It must not be shown.
        raise _invalid(name, "the address has a user or a password, which ComfyUI does not take")
    if port is None:
        port = PORT if "://" not in text else {"http": 80, "https": 443}[parts.scheme]
    host = _ANY.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port}{parts.path.rstrip('/')}"


def _invalid(name: str, message: str) -> BenchraceError:
    return BenchraceError(
        Category.VALIDATION,
        f"{name}: {message}",
        f"Set an address such as {_EXAMPLE}: comfyui.base_url in agent.yaml, or {VARIABLE}.",
        fields=[FieldError(name, message)],
    )
