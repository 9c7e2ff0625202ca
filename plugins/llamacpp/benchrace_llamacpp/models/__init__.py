"""GGUF files: by path, in folders, and in Ollama's store."""
