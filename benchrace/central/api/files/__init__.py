"""Routes of files that are not of runs."""
