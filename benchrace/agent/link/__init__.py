"""The link to central: connect, resume, send lines, take orders."""
