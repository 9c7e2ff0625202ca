"""The command line. `main` is the contents page; each command is a module of its own."""
