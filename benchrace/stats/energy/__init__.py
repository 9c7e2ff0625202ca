"""Energy of rounds, from the samples of their machine."""
