"""The lines of keys in TOML and YAML, for errors that name them."""
