"""Statistics of speech: intervals over recordings instead of rounds."""
