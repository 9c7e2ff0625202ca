"""Lanes of a job: open, reopen, unload models, and what each round collects."""
