"""Register the backend for llama.cpp."""

from typing import TYPE_CHECKING

from benchrace.plugin import hookimpl

if TYPE_CHECKING:
    from benchrace.plugin import Backend


@hookimpl
def benchrace_backends() -> "list[type[Backend]]":
    """Return the backend of this distribution."""
    from benchrace_llamacpp.backend import LlamaCpp

    return [LlamaCpp]
