"""`benchrace agent update`: another version of benchrace, or the earlier one where it fails."""
