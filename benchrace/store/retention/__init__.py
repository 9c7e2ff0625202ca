"""How long stored runs are kept: which are over the limits, and how they are deleted."""
