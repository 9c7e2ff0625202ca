"""What central finds out about lanes beyond their metrics."""
