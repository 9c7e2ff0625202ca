"""A workflow of the user's own: read, changed as a lane asks, and checked."""
