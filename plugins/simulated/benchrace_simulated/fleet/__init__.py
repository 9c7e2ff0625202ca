"""A fleet of simulated machines: many agents in one process, each with workers of its own."""
