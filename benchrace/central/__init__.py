"""Central: the fleet, the planning and execution of runs, and their logs."""
