"""Planning, from a specification to lanes, schedules and jobs. Pure."""
