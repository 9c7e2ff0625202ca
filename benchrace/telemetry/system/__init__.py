"""Operating system, memory, control groups and power."""
