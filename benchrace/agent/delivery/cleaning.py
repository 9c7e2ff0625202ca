"""Values that leave the machine, without secrets."""

import re
from typing import Any

from benchrace.redaction import MARK, is_secret_name, redact

# Many counts have such names; a secret is text.
_COUNT = re.compile(r"(?:tokens|keys|per_token)$", re.IGNORECASE)


def without_secrets(value: Any) -> Any:
    """Return a value without what is secret by its name, or looks like a secret. Pure.

    Whatever is not empty is secret under such a name, but for flags and for counts of tokens. A
    schema names parameters, and has none.
    """
    match value:
        case dict():
            return {
                key: MARK if _is_secret(str(key), item) else _below(str(key), item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [without_secrets(item) for item in value]
        case str():
            return redact(value)
        case _:
            return value


def _below(name: str, value: Any) -> Any:
    return value if name.endswith("_schema") else without_secrets(value)


def _is_secret(name: str, value: Any) -> bool:
    if not is_secret_name(name) or value in (None, "", [], {}, ()) or isinstance(value, bool):
        return False
    return not (_COUNT.search(name) and _is_numeric(value))


def _is_numeric(value: Any) -> bool:
    match value:
        case dict():
            return all(map(_is_numeric, value.values()))
        case list() | tuple():
            return all(map(_is_numeric, value))
        case _:
            return value is None or isinstance(value, int | float)
