"""Race machines, models and engines against each other on real work, with figures to check."""

__version__ = "0.1.0"
