"""A component as a service of systemd or launchd: its unit, installed, started and removed."""
