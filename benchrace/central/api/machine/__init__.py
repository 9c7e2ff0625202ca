"""Routes about one machine."""
