"""The specification of a run from files, stored runs and options."""
