"""What the real programs logged."""

import json
from pathlib import Path
from typing import Any

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "recordings/rpc.json").read_text()
)
BUILD = "b11434-0c1e570"
VERSION = "version: 0.5.0-dev (build 11434, commit 0c1e570)\nbuilt with GNU 12.2.0 for Linux x86_64"
A, B = "127.0.0.1:50152", "127.0.0.1:50153"
MODEL = "/models/mid-q8.gguf"
