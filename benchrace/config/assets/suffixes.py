"""What a file for an engine is, by the suffix of its name."""

# Kinds as in the API. Other weights may be of any kind.
BY_SUFFIX = {
    ".gguf": "gguf",
    ".json": "workflow",
    ".wav": "audio",
    ".mp3": "audio",
    ".flac": "audio",
    ".ogg": "audio",
    ".m4a": "audio",
}
WEIGHTS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin")
# Added to a name that has none of them.
DEFAULTS = {
    "checkpoint": ".safetensors",
    "lora": ".safetensors",
    "vae": ".safetensors",
    "audio": ".wav",
    "workflow": ".json",
    "gguf": ".gguf",
}


def is_known(name: str) -> bool:
    """Check whether a name has a suffix of such files, and something before it."""
    stem, dot, suffix = name.rpartition(".")
    return bool(stem) and f"{dot}{suffix}".lower() in (*BY_SUFFIX, *WEIGHTS)
