"""A pure fold over a run's log, and its statistics."""

from typing import TYPE_CHECKING

from benchrace.lazy import exports

if TYPE_CHECKING:
    from benchrace.stats.fold import Fold

__all__ = ["Fold"]

__getattr__ = exports(__name__, {"benchrace.stats.fold": "Fold"})
