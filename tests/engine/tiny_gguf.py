"""Create a small language model with random weights, so that tests can run a real engine.

Its tokens are invented words of printable ASCII, so that each token is a piece of text that an
engine can send at once; the end token is never sampled unless requested, so that an answer has the
requested length. The same arguments give the same bytes.

    python -m tests.engine.tiny_gguf OUT [--shape tiny|slow|small|mid] [--type f16|q8_0] [--ends]
"""

import argparse
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Edit = Callable[[Weights], None]

CONTROLS = ("<|begin|>", "<|end|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# The weight in the reserved dimension that keeps a row of the output matrix from being sampled.
NEVER = -16.0
QUANTS = {
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}


@dataclass(frozen=True)
class Shape:
    """The dimensions of a model."""

    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    context: int = 16_384


SHAPES = {
    "tiny": Shape(layers=2, width=192, inner=384, heads=6, kv_heads=3),
    # Large enough that one token takes milliseconds on one core.
    "slow": Shape(layers=8, width=1024, inner=3072, heads=8, kv_heads=4),
    # For benchmarks/prediction.py: 27 and 401 MB as Q8_0.
    "small": Shape(layers=8, width=512, inner=1536, heads=8, kv_heads=4),
    "mid": Shape(layers=8, width=2048, inner=5632, heads=16, kv_heads=8),
}


@dataclass(frozen=True)
class Words:
    """A byte-level vocabulary: tokens by id, merges, and the ids that may be sampled."""

    tokens: list[str]
    merges: list[str]
    sampled: frozenset[int]


def words(count: int = 300) -> Words:
    """Return all bytes, syllables, and `count` words of two syllables with a leading space."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    tokens = [chr(b) if b in shown else chr(256 + hidden.index(b)) for b in range(256)]
    blank, merges = tokens[32], list[str]()

    def merge(left: str, right: str) -> str:
        merges.append(f"{left} {right}")
        tokens.append(left + right)
        return left + right

    syllables = [merge(c, v) for c in "bdfgklmnprstvz" for v in "aeiou"]
    starts = [merge(blank, syllable) for syllable in syllables]
    for pick in np.random.RandomState(11).permutation(len(starts) * len(syllables))[:count]:
        first, second = divmod(int(pick), len(syllables))
        merge(starts[first], syllables[second])
    plain = [ord(c) for c in "abcdefghijklmnopqrstuvwxyz .,"]
    sampled = frozenset(shown_id(tokens, byte) for byte in plain) | set(range(256, len(tokens)))
    return Words(tokens, merges, frozenset(sampled))


def shown_id(tokens: list[str], byte: int) -> int:
    """Return the id of a single byte, which is the byte itself."""
    assert len(tokens[byte]) == 1
    return byte


class ModelWriter:
    """A writer of one model file."""

    def __init__(self, path: Path, shape: Shape, quant: str, *, ends: bool, seed: int) -> None:
        self._shape = shape
        self._seed = seed
        self._type, self._file_type = QUANTS[quant]
        self._words = words()
        self._ids = {name: len(self._words.tokens) + i for i, name in enumerate(CONTROLS)}
        self._sampled = set(self._words.sampled)
        if ends:
            self._sampled |= {self._ids["<|end|>"], self._ids["<|im_end|>"]}
        self._writer = gguf.GGUFWriter(path, "llama")
        self._drawn: dict[str, NDArray[Any]] = {}

    def write(self) -> None:
        self._about()
        self._vocabulary()
        self._tensors()
        self._writer.write_header_to_file()
        self._writer.write_kv_data_to_file()
        self._writer.write_tensors_to_file()
        self._writer.close()

    def _about(self) -> None:
        to, shape = self._writer, self._shape
        to.add_name("random words")
        to.add_file_type(self._file_type)
        to.add_context_length(shape.context)
        to.add_embedding_length(shape.width)
        to.add_block_count(shape.layers)
        to.add_feed_forward_length(shape.inner)
        to.add_head_count(shape.heads)
        to.add_head_count_kv(shape.kv_heads)
        to.add_layer_norm_rms_eps(1e-5)
        to.add_rope_dimension_count(shape.width // shape.heads)
        to.add_rope_freq_base(10_000.0)

    def _vocabulary(self) -> None:
        to, ids = self._writer, self._ids
        tokens = [*self._words.tokens, *CONTROLS]
        kinds = [gguf.TokenType.NORMAL] * len(self._words.tokens)
        to.add_vocab_size(len(tokens))
        to.add_tokenizer_model("gpt2")
        to.add_tokenizer_pre("gpt-2")
        to.add_token_list(tokens)
        to.add_token_types([*kinds, *[gguf.TokenType.CONTROL] * len(CONTROLS)])
        to.add_token_merges(self._words.merges)
        to.add_bos_token_id(ids["<|begin|>"])
        to.add_eos_token_id(ids["<|end|>"])
        to.add_eot_token_id(ids["<|im_end|>"])
        to.add_add_bos_token(True)
        to.add_chat_template(TEMPLATE)

    def _tensors(self) -> None:
        """Write all tensors.

        Dimension 0 is the same constant for every token, and no layer writes to it, so that the
        output matrix can forbid a token by its weight in that dimension alone.
        """
        shape = self._shape
        width, count = shape.width, len(self._words.tokens) + len(CONTROLS)
        kv_width = width // shape.heads * shape.kv_heads

        def constant(data: Weights) -> None:
            data[:, 0] = width**0.5 / 4

        def untouched(data: Weights) -> None:
            data[0, :] = 0.0

        def forbid(data: Weights) -> None:
            data[:, 0] = [0.0 if i in self._sampled else NEVER for i in range(count)]

        self._random("token_embd.weight", count, width, constant, width**0.5)
        for i in range(shape.layers):
            at = f"blk.{i}"
            self._ones(f"{at}.attn_norm.weight")
            self._random(f"{at}.attn_q.weight", width, width)
            self._random(f"{at}.attn_k.weight", kv_width, width)
            self._random(f"{at}.attn_v.weight", kv_width, width)
            self._random(f"{at}.attn_output.weight", width, width, untouched)
            self._ones(f"{at}.ffn_norm.weight")
            self._random(f"{at}.ffn_gate.weight", shape.inner, width)
            self._random(f"{at}.ffn_up.weight", shape.inner, width)
            self._random(f"{at}.ffn_down.weight", width, shape.inner, untouched)
        self._ones("output_norm.weight")
        self._random("output.weight", count, width, forbid, 4.0)

    def _ones(self, name: str) -> None:
        self._writer.add_tensor(name, np.ones(self._shape.width, np.float32))

    def _random(
        self, name: str, rows: int, columns: int, edit: Edit | None = None, scale: float = 1.0
    ) -> None:
        """Write uniform weights of variance `scale`^2 / columns, equal in all layers for speed."""
        kind = name.split(".", 2)[2] if name.startswith("blk.") else name
        if kind not in self._drawn:
            draw = np.random.RandomState(zlib.crc32(kind.encode()) ^ self._seed)
            spread = scale * (3 / columns) ** 0.5
            data: Weights = draw.uniform(-spread, spread, (rows, columns)).astype(np.float32)
            if edit is not None:
                edit(data)
            self._drawn[kind] = gguf.quants.quantize(data, self._type)
        raw = self._drawn[kind]
        self._writer.add_tensor(name, raw, raw_shape=raw.shape, raw_dtype=self._type)


def make(
    path: Path, *, shape: str = "tiny", quant: str = "f16", ends: bool = False, seed: int = 1
) -> Path:
    """Write a model to `path` and return the path."""
    ModelWriter(path, SHAPES[shape], quant, ends=ends, seed=seed).write()
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Create a small model with random weights.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--type", choices=QUANTS, default="f16")
    parser.add_argument("--ends", action="store_true", help="allow answers to end by themselves")
    args = parser.parse_args()
    make(args.out, shape=args.shape, quant=args.type, ends=args.ends)
