"""`benchrace central`: central and its tokens."""
