"""Telling other programs about this machine's jobs, and the jobs' archives."""
