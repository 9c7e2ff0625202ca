"""A report as one HTML page, with charts, without scripts or external resources."""

from benchrace.export.drawing.markup import escaped
from benchrace.export.page.page import render

__all__ = ["escaped", "render"]
