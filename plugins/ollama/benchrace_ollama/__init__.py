"""Ollama as a backend of benchrace, over its own API."""
