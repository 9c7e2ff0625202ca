"""Runs at central: queue, start, progress, log and outcome."""
