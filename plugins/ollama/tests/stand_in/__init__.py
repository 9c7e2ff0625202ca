"""A stand-in for Ollama: a process of its own that behaves as two versions were recorded to."""
