"""The result of a race: who won, by how much, and how sure that is."""
