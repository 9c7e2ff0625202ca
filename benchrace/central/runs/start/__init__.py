"""The start of heats: who waits for whom, when they begin, and how far apart they began."""
