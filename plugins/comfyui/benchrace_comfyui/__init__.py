"""A backend for ComfyUI, over its own API."""
