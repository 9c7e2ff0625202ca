"""Large files of engines: fetched once, checked, and put where an engine looks for them."""
