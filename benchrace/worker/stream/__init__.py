"""Streams with arrival stamps, by the Rust reader or in Python."""
