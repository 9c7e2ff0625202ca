"""The processor: its hardware and its state."""
