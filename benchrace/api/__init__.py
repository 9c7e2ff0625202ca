"""Everything that central and agents are asked and answer over HTTP, by topic."""
