"""Where data and configuration live, and configuration files as checked values."""
