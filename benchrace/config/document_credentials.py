"""Keys and tokens in configuration files: each trimmed where it is read, and redacted from then."""

from collections.abc import Mapping
from typing import Any

from benchrace.config.credentials import UNFIT, credential
from benchrace.config.document import Document
from benchrace.config.explain import Keys
from benchrace.errors import InvalidInput
from benchrace.redaction import is_secret_name, register_settings


def document_credential(document: Document, keys: Keys, text: str | None) -> str | None:
    """Return what stands at `keys` of a file as `credential` does; errors name file and line."""
    try:
        return credential(str(keys[-1]), text)
    except InvalidInput as error:
        raise document.bad(keys, UNFIT) from error


def trimmed_table(document: Document, key: str, environ: Mapping[str, str]) -> Any:
    """Return a backend's table with every key and token in it trimmed; all are redacted."""
    table = _trimmed(document, (key,), document.data[key])
    register_settings(table, environ)
    return table


def _trimmed(document: Document, keys: Keys, value: Any) -> Any:
    match value:
        case dict():
            return {key: _trimmed(document, (*keys, key), item) for key, item in value.items()}
        case list():
            return [_trimmed(document, (*keys, n), item) for n, item in enumerate(value)]
        case str() if is_secret_name(str(keys[-1])):
            return document_credential(document, keys, value) or ""
        case _:
            return value
