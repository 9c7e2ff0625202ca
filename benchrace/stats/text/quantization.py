"""Read quantisations from their names: how many bits they keep, and of which model they are."""

import re

_BITS = re.compile(r"(?<![a-z0-9])(?:i?q|int|bf|fp?|mxfp|nvfp|w)(\d{1,2})(?![0-9])")
_WORDED = re.compile(r"(?<![0-9])(\d{1,2})-?bit")
_FOUR = re.compile(r"(?<![a-z])(?:awq|gptq)(?![a-z])")
# Parts of a name that say how a model was packed, not which one it is.
_PACKING = re.compile(
    r"(?<![a-z0-9])(?:ud-)?(?:i?q\d+(?:_(?:k|xxs|xs|nl|[01sml]))*|bf16|fp?(?:8|16|32)|int[48]|"
    r"w\d+a\d+|e\dm\d(?:fn)?|mxfp4|nvfp4|[48]-?bit|awq|gptq|gguf|mlx|latest|instruct|it|chat)(?![a-z0-9])"
)
_EDGES = re.compile(r"[-_:.]+")


def bits(name: str | None) -> int | None:
    """Read the bits of a weight from a quantisation's or a model's name; None where it has none."""
    low = (name or "").lower()
    for pattern in (_BITS, _WORDED):
        if match := pattern.search(low):
            return int(match[1])
    return 4 if _FOUR.search(low) else None


def stem(model: str) -> str:
    """Return the model that quantisations share, as far as their names tell."""
    low = model.lower().rsplit("/", 1)[-1].removesuffix(".gguf")
    return _EDGES.sub("-", _PACKING.sub("", low)).strip("-")
