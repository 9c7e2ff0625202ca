"""A stand-in for ComfyUI: a process of its own that behaves as two versions were recorded to."""
