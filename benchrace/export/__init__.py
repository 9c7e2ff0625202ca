"""A finished run in the forms that people and other programs read."""

from benchrace.export.formats import FORMATS, Format, render

__all__ = ["FORMATS", "Format", "render"]
