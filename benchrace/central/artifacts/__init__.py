"""Artifacts of rounds: fetched from machines, stored, and listed."""
