"""The card of a run: its result as one picture, to be posted."""

from benchrace.export.card.card import render

__all__ = ["render"]
