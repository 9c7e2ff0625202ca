"""Names of TLS files in a configuration file: relative ones are beside that file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchrace.config.document import Document

SERVER = ("tls_cert", "tls_key", "tls_client_ca")
CLIENT = ("central_ca", "client_cert", "client_key")
_NEEDS = {"tls_cert": "tls_key", "tls_key": "tls_cert", "tls_client_ca": "tls_cert"}
_NEEDS |= {"client_key": "client_cert"}


def tls_files(document: Document, config: Any, keys: Sequence[str]) -> dict[str, str]:
    """Return the keys that are set, with absolute paths; raises BadDocument for half a pair."""
    named = {key: text for key in keys if (text := getattr(config, key)) is not None}
    for key, text in named.items():
        if not text.strip():
            raise document.bad((key,), "expected the path of a PEM file")
        if (other := _NEEDS.get(key)) is not None and other not in named:
            raise document.bad((key,), f"it needs `{other}` as well")
    return {key: str(_absolute(document.path.parent, text)) for key, text in named.items()}


def _absolute(folder: Path, text: str) -> Path:
    return (folder / Path(text.strip()).expanduser()).absolute()
