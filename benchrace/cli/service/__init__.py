"""Processes that serve: start, stop, restart, status, logs."""
