"""The `benchrace machines` commands."""
