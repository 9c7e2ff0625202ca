"""`benchrace race` and `benchrace run`: ask for a run, follow it, print its table."""
