"""Engines that generate text; all of them are measured in the same way."""
