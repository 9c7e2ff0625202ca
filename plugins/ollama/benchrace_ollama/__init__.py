"""A backend for Ollama, over its own API."""
