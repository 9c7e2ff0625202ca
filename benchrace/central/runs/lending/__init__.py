"""Machines that lend themselves to lanes of a run."""
