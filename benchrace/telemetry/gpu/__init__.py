"""Graphics cards, by NVML and by the system's own files."""
