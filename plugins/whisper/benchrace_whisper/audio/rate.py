"""The sampling rate that speech models hear."""

# Samples per second of one channel.
RATE = 16_000
