"""Support for Ollama behind OpenAI's API."""
