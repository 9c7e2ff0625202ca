"""Graphs for ComfyUI, and the server's own description of their nodes."""
