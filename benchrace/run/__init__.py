"""Runs as values: specification, plan, jobs, states. Pure: no file, no network, no clock."""
