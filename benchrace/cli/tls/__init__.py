"""`benchrace tls`: certificates of one's own."""
