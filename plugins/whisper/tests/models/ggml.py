"""A Whisper of 4 MB with random weights, as whisper.cpp stores it: English alone, one layer."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

# whisper.cpp knows special tokens by their number, so that the vocabulary has its real size.
VOCABULARY, END = 51_864, 50_256
WIDTH, HEADS, LAYERS, MELS, FRAMES, POSITIONS = 32, 1, 1, 80, 1500, 448
_MAGIC, _F16 = 0x67676D6C, 1


def write(path: Path, seed: int = 0) -> None:
    """Write the model; it says random letters."""
    random = np.random.default_rng(seed)
    sizes = (FRAMES, WIDTH, HEADS, LAYERS, POSITIONS, WIDTH, HEADS, LAYERS, MELS, _F16)
    with path.open("wb") as file:
        file.write(struct.pack("<12i", _MAGIC, VOCABULARY, *sizes))
        filters = np.abs(random.standard_normal((MELS, 201))).astype("<f4")
        file.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
        file.write(struct.pack("<i", END + 1))
        for number in range(END + 1):
            word = _word(number)
            file.write(struct.pack("<i", len(word)) + word)
        for name, values in _tensors(random):
            _put(file, name, values)


def _word(number: int) -> bytes:
    """Return a word of letters that no other number has; whisper.cpp asks for a blank."""
    letters = bytearray(b" ")
    while number:
        number, letter = divmod(number, 26)
        letters.append(97 + letter)
    return bytes(letters)


def _put(file: Any, name: str, values: Any) -> None:
    half = values.ndim > 1 and not name.endswith((".bias", "positional_embedding"))
    data = np.ascontiguousarray(values, np.float16 if half else np.float32)
    raw = name.encode()
    file.write(struct.pack("<3i", data.ndim, len(raw), int(half)))
    file.write(struct.pack(f"<{data.ndim}i", *reversed(data.shape)) + raw + data.tobytes())


def _tensors(random: np.random.Generator) -> Iterator[tuple[str, Any]]:
    def draw(*shape: int) -> Any:
        return random.standard_normal(shape).astype(np.float32) * 0.05

    for number, inputs in ((1, MELS), (2, WIDTH)):
        yield f"encoder.conv{number}.weight", draw(WIDTH, inputs, 3)
        yield f"encoder.conv{number}.bias", np.zeros((WIDTH, 1))
    yield "encoder.positional_embedding", draw(FRAMES, WIDTH)
    yield "decoder.positional_embedding", draw(POSITIONS, WIDTH)
    yield "decoder.token_embedding.weight", draw(VOCABULARY, WIDTH)
    for stack, norm in (("encoder", "ln_post"), ("decoder", "ln")):
        yield from _norm(f"{stack}.{norm}")
        for layer in range(LAYERS):
            yield from _layer(f"{stack}.blocks.{layer}", draw, crossing=stack == "decoder")


def _layer(block: str, draw: Any, *, crossing: bool) -> Iterator[tuple[str, Any]]:
    for attention in ("attn", "cross_attn") if crossing else ("attn",):
        yield from _norm(f"{block}.{attention}_ln")
        for part in ("query", "key", "value", "out"):
            yield f"{block}.{attention}.{part}.weight", draw(WIDTH, WIDTH)
            if part != "key":
                yield f"{block}.{attention}.{part}.bias", np.zeros(WIDTH)
    yield from _norm(f"{block}.mlp_ln")
    for number, outputs, inputs in ((0, 4 * WIDTH, WIDTH), (2, WIDTH, 4 * WIDTH)):
        yield f"{block}.mlp.{number}.weight", draw(outputs, inputs)
        yield f"{block}.mlp.{number}.bias", np.zeros(outputs)


def _norm(name: str) -> Iterator[tuple[str, Any]]:
    yield f"{name}.weight", np.ones(WIDTH)
    yield f"{name}.bias", np.zeros(WIDTH)
