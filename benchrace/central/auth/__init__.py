"""Tokens of central: the operator's, the watchers' and the agents'."""
