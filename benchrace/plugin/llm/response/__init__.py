"""Read one answer of an engine: from its stream to text, counts and timestamps."""
