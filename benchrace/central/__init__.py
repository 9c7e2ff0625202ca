"""Central: knows the fleet, plans and conducts runs, keeps their logs."""
