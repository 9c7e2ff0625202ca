"""How the machines of stored runs changed."""
