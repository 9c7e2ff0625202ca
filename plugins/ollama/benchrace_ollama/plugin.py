"""Registers the Ollama backend; nothing is imported until somebody asks for it."""

from typing import TYPE_CHECKING

from benchrace.plugin import hookimpl

if TYPE_CHECKING:
    from benchrace.plugin import Backend


@hookimpl
def benchrace_backends() -> "list[type[Backend]]":
    """Offer the one backend of this distribution."""
    from benchrace_ollama.backend import Ollama

    return [Ollama]
