"""Files for engines: on central, and onto machines."""
