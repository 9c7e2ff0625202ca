"""Requests that tell other programs about work: queued on disk, signed, sent until they arrive."""
