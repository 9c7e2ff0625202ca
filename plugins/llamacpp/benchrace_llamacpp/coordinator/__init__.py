"""llama-server as the coordinator of a lane: started once, checked, and stopped."""
