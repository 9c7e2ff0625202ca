"""Make a small checkpoint with random weights that ComfyUI takes for one of Stable Diffusion 1.5.

It has CLIP's text model whole, because its size is fixed, a UNet of two levels, and the decoder of
a TAESD in place of a VAE: 0.46 GB, and about 0.15 s a step at 64 x 64 on a processor. Its images
are noise. Nothing but the standard library is needed.
"""

import json
import math
import random
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

Part = tuple[str, tuple[int, ...]]
_UNET, _CLIP = "model.diffusion_model.", "cond_stage_model.transformer.text_model."
_VALUES = 1 << 16
_TEXT, _TIME = 768, 1280


def write(path: Path) -> int:
    """Write a checkpoint in the format of safetensors; return its size in bytes."""
    header: dict[str, object] = {}
    size = 0
    for name, shape in _parts():
        end = size + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": (size, end)}
        size = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in _parts():
            block, left = _block(name, shape), 2 * math.prod(shape)
            while left > 0:
                file.write(block[:left])
                left -= len(block)
        return file.tell()


def _block(name: str, shape: tuple[int, ...]) -> bytes:
    """Return values to be repeated: 1 and 0 for norms and biases, else of the usual spread."""
    if len(shape) == 1:
        return struct.pack("<e", float(name.endswith("weight"))) * _VALUES
    return _normal(math.prod(shape[1:]))


@cache
def _normal(fan_in: int) -> bytes:
    numbers = random.Random(fan_in)
    values = [numbers.gauss(0, fan_in**-0.5) for _ in range(_VALUES)]
    return struct.pack(f"<{_VALUES}e", *values)


def _parts() -> Iterator[Part]:
    yield from _unet()
    yield from _clip()
    yield from _decoder()


def _pair(name: str, *shape: int, bias: bool = True) -> Iterator[Part]:
    yield f"{name}.weight", shape
    if bias:
        yield f"{name}.bias", shape[:1]


def _unet() -> Iterator[Part]:
    low, high = 320, 640
    yield from _pair(f"{_UNET}time_embed.0", _TIME, low)
    yield from _pair(f"{_UNET}time_embed.2", _TIME, _TIME)
    yield from _pair(f"{_UNET}input_blocks.0.0", low, 4, 3, 3)
    yield from _level(f"{_UNET}input_blocks.1", low, low)
    yield from _pair(f"{_UNET}input_blocks.2.0.op", low, low, 3, 3)
    yield from _level(f"{_UNET}input_blocks.3", low, high)
    yield from _level(f"{_UNET}middle_block", high, high)
    yield from _residual(f"{_UNET}middle_block.2", high, high)
    yield from _level(f"{_UNET}output_blocks.0", high + high, high)
    yield from _level(f"{_UNET}output_blocks.1", high + low, high)
    yield from _pair(f"{_UNET}output_blocks.1.2.conv", high, high, 3, 3)
    yield from _level(f"{_UNET}output_blocks.2", high + low, low)
    yield from _level(f"{_UNET}output_blocks.3", low + low, low)
    yield from _pair(f"{_UNET}out.0", low)
    yield from _pair(f"{_UNET}out.2", 4, low, 3, 3)


def _level(name: str, before: int, after: int) -> Iterator[Part]:
    yield from _residual(f"{name}.0", before, after)
    yield from _transformer(f"{name}.1", after)


def _residual(name: str, before: int, after: int) -> Iterator[Part]:
    yield from _pair(f"{name}.in_layers.0", before)
    yield from _pair(f"{name}.in_layers.2", after, before, 3, 3)
    yield from _pair(f"{name}.emb_layers.1", after, _TIME)
    yield from _pair(f"{name}.out_layers.0", after)
    yield from _pair(f"{name}.out_layers.3", after, after, 3, 3)
    if before != after:
        yield from _pair(f"{name}.skip_connection", after, before, 1, 1)


def _transformer(name: str, width: int) -> Iterator[Part]:
    block = f"{name}.transformer_blocks.0"
    yield from _pair(f"{name}.norm", width)
    yield from _pair(f"{name}.proj_in", width, width, 1, 1)
    yield from _pair(f"{name}.proj_out", width, width, 1, 1)
    for attention, context in (("attn1", width), ("attn2", _TEXT)):
        yield from _pair(f"{block}.{attention}.to_q", width, width, bias=False)
        yield from _pair(f"{block}.{attention}.to_k", width, context, bias=False)
        yield from _pair(f"{block}.{attention}.to_v", width, context, bias=False)
        yield from _pair(f"{block}.{attention}.to_out.0", width, width)
    for norm in ("norm1", "norm2", "norm3"):
        yield from _pair(f"{block}.{norm}", width)
    yield from _pair(f"{block}.ff.net.0.proj", 8 * width, width)
    yield from _pair(f"{block}.ff.net.2", width, 4 * width)


def _clip() -> Iterator[Part]:
    yield f"{_CLIP}embeddings.token_embedding.weight", (49408, _TEXT)
    yield f"{_CLIP}embeddings.position_embedding.weight", (77, _TEXT)
    for number in range(12):
        layer = f"{_CLIP}encoder.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _pair(f"{layer}.self_attn.{part}", _TEXT, _TEXT)
        yield from _pair(f"{layer}.layer_norm1", _TEXT)
        yield from _pair(f"{layer}.layer_norm2", _TEXT)
        yield from _pair(f"{layer}.mlp.fc1", 4 * _TEXT, _TEXT)
        yield from _pair(f"{layer}.mlp.fc2", _TEXT, 4 * _TEXT)
    yield from _pair(f"{_CLIP}final_layer_norm", _TEXT)


def _decoder() -> Iterator[Part]:
    decoder, width = "first_stage_model.taesd_decoder", 64
    yield from _pair(f"{decoder}.1", width, 4, 3, 3)
    for number in (3, 4, 5, 8, 9, 10, 13, 14, 15, 18):
        for part in (0, 2, 4):
            yield from _pair(f"{decoder}.{number}.conv.{part}", width, width, 3, 3)
    for number in (7, 12, 17):
        yield from _pair(f"{decoder}.{number}", width, width, 3, 3, bias=False)
    yield from _pair(f"{decoder}.19", 3, width, 3, 3)
