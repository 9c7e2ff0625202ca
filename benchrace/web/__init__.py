"""Shared parts of both servers: guard, failures as JSON, serving, live logs."""
