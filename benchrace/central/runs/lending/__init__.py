"""Worker machines of a run's lanes."""
