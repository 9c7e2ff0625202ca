"""Find, load, check and describe plugins."""
