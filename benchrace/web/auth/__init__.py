"""Tokens, sessions and login links of a server."""
