"""`benchrace models`: list and pull models."""
