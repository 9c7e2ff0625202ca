"""Messages between processes: agent and central, agent and worker."""
