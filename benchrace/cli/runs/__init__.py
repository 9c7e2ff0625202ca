"""`benchrace runs`: list, show, export, derive and delete stored runs."""
