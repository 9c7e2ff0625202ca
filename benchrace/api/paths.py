"""Paths of central that agents use, and so both sides know."""

LINK = "/api/v1/link"
JOIN = "/api/v1/agents/join"
LEAVE = "/api/v1/agents/leave"
SELF = "/api/v1/agents/self"
WHEELS = "/api/v1/agents/wheels"
ASSETS = "/api/v1/agents/assets"
