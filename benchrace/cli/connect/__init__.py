"""The command line as a client of central."""
