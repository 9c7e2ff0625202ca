"""Engines that generate text: `TextBackend` measures them all alike."""

from benchrace.plugin.llm.ask import Ask
from benchrace.plugin.llm.backend import TextBackend
from benchrace.plugin.llm.host import Whereabouts, whereabouts
from benchrace.plugin.llm.opened import Loaded
from benchrace.plugin.llm.piece import Piece

__all__ = ["Ask", "Loaded", "Piece", "TextBackend", "Whereabouts", "whereabouts"]
