"""A backend for language models on OpenAI-compatible servers."""
