"""Central over HTTP: its application and its routes."""
