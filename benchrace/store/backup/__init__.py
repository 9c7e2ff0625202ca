"""A central's data folder as one archive, written while it runs, and restored with checks."""
