"""`benchrace agent`: this machine's agent."""
