"""Headers of GGUF files: what a model is, read without loading it."""
