"""Questions to plugins outside of any job: describe, probe, preflight, derive."""
