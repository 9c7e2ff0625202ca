"""A backend for murmur, an invented engine."""
