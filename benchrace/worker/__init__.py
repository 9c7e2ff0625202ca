"""The process that measures: one per job, one per question to a plugin. `python -m` runs it."""
