"""A run's log replayed into the view of a live run. Pure."""
