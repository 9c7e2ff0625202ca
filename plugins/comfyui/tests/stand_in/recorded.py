"""What the recordings have of a version: nodes and statistics."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "recordings"
# Not recorded: its range is that of ComfyUI's documentation.
SKIP = {
    "input": {
        "required": {
            "clip": ["CLIP"],
            "stop_at_clip_layer": ["INT", {"default": -1, "min": -24, "max": -1, "step": 1}],
        }
    },
    "output": ["CLIP"],
    "output_node": False,
}


@cache
def recording(version: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / f"comfyui-{version}.json").read_text())
    document["object_info"]["CLIPSetLastLayer"] = SKIP
    return document
