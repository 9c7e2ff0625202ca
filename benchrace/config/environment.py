"""Environment variables as checked values."""

from collections.abc import Mapping

from benchrace.errors import FieldError, InvalidInput


def host(environ: Mapping[str, str], name: str) -> str | None:
    """Return a host name; an empty variable counts as unset."""
    return environ.get(name, "").strip() or None


def port(environ: Mapping[str, str], name: str) -> int | None:
    """Return a port from 0 to 65535; raises InvalidInput for anything else."""
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise InvalidInput(
            FieldError(name, f"expected a port from 0 to 65535, got {text[:40]!r}"),
            f"Correct the environment variable {name}.",
        )
    return int(text)
