"""A pure fold over a run's log, and its statistics."""

from benchrace.stats.fold import Fold

__all__ = ["Fold"]
