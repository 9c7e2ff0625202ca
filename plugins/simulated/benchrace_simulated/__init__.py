"""Invented machines: their figures come from a script, and nothing is measured."""

__version__ = "0.1.0"
