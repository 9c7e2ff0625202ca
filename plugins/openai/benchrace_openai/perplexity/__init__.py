"""Measure the perplexity of a fixed text, by the method that a server supports."""
