"""A run in formats for people and other programs."""

from benchrace.export.formats import ALIASES, FORMATS, Format, format_of, render

__all__ = ["ALIASES", "FORMATS", "Format", "format_of", "render"]
