"""Reaching other benchrace servers: dialling their links, and finding them nearby."""
