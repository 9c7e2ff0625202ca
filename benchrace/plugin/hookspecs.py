"""The hooks of plugins: they only register; the work is in the classes that they return."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from benchrace.kinds import Kind
    from benchrace.plugin.backend import Backend

PROJECT = "benchrace"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def benchrace_backends() -> "Iterable[type[Backend]]":  # type: ignore[empty-body]
    """Return the backend classes of this plugin; workers create one instance per job."""


@hookspec
def benchrace_kinds() -> "Iterable[Kind]":  # type: ignore[empty-body]
    """Return the kinds of work that this plugin adds; other plugins can offer them too."""
