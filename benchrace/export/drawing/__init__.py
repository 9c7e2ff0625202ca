"""SVG for cards and reports: markup, colours, width of text, bars."""
