"""Files for engines in configuration: where they may come from, and what an engine is to have."""
