"""Audio: found, decoded and checked before anything is timed."""
