"""Paths of data and configuration, and configuration files as checked values."""
