"""One OpenAI-compatible server: its address, its identity, and when it is idle."""
