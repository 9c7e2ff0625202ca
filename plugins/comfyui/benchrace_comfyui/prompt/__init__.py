"""One prompt on a server: queued, followed to its end, fetched, or withdrawn."""
