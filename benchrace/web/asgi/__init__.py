"""ASGI below any framework: its types, the protocol, and an application that loads late."""
