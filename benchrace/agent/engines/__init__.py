"""Engines on this machine: operations, idle stops and probes."""
