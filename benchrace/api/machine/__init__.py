"""What central answers about one machine beyond its state."""
