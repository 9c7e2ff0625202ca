"""Text for terminals, pipes and scripts."""
