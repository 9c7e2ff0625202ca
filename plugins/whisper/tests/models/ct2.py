"""A Whisper of 2 MB with random weights, as CTranslate2 stores it; without torch."""

from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH, MELS, FRAMES, POSITIONS = 64, 80, 1500, 448
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nocaptions|>",
    "<|notimestamps|>",
]


def write(folder: Path, seed: int = 0) -> None:
    """Write the model's files; it knows English and German, and says random letters."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = _tokenizer()
    tokens.save(str(folder / "tokenizer.json"))
    names = [tokens.id_to_token(number) for number in range(tokens.get_vocab_size())]
    names += [f"<|{number * 0.02:.2f}|>" for number in range(1501)]
    spec = whisper_spec.WhisperSpec(1, 1, 1, 1)
    _Weights(np.random.default_rng(seed)).fill(spec, len(names))
    # Random weights lean to nothing: here to letters, and away from the end.
    lean = spec.decoder.projection.bias
    lean[[tokens.token_to_id(letter) for letter in "abcdefghijklmnopqrstuvwxyz\u0120"]] = 6.0
    lean[tokens.token_to_id("<|endoftext|>")] = -6.0
    spec.register_vocabulary(names)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens.token_to_id("<|endoftext|>")]
    spec.config.lang_ids = [tokens.token_to_id("<|en|>"), tokens.token_to_id("<|de|>")]
    spec.config.alignment_heads = [[0, 0]]
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))


def _tokenizer() -> Tokenizer:
    """Bytes as tokens, then Whisper's special ones in its order."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    tokens = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    tokens.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in SPECIAL]
    )
    return tokens


class _Weights:
    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def fill(self, spec: Any, vocabulary: int) -> None:
        encoder, decoder = spec.encoder, spec.decoder
        for layer, inputs in ((encoder.conv1, MELS), (encoder.conv2, WIDTH)):
            layer.weight, layer.bias = self._draw(WIDTH, inputs, 3), _zeros(WIDTH)
        encoder.position_encodings.encodings = self._draw(FRAMES, WIDTH)
        decoder.embeddings.weight = self._draw(vocabulary, WIDTH) * 20
        decoder.position_encodings.encodings = self._draw(POSITIONS, WIDTH) * 20
        self._linear(decoder.projection, vocabulary, WIDTH)
        for stack in (encoder, decoder):
            _norm(stack.layer_norm)
            for layer in stack.layer:
                self._attention(layer.self_attention, [3 * WIDTH])
                self._feed_forward(layer.ffn)
        for layer in decoder.layer:
            self._attention(layer.attention, [WIDTH, 2 * WIDTH])

    def _attention(self, attention: Any, widths: list[int]) -> None:
        for linear, width in zip(attention.linear, widths, strict=False):
            self._linear(linear, width, WIDTH)
        self._linear(attention.linear[-1], WIDTH, WIDTH)
        _norm(attention.layer_norm)

    def _feed_forward(self, layers: Any) -> None:
        self._linear(layers.linear_0, 4 * WIDTH, WIDTH)
        self._linear(layers.linear_1, WIDTH, 4 * WIDTH)
        _norm(layers.layer_norm)

    def _linear(self, linear: Any, outputs: int, inputs: int) -> None:
        linear.weight, linear.bias = self._draw(outputs, inputs), _zeros(outputs)

    def _draw(self, *shape: int) -> Any:
        return (self._random.standard_normal(shape) * 0.05).astype(np.float32)


def _zeros(width: int) -> Any:
    return np.zeros(width, np.float32)


def _norm(norm: Any) -> None:
    norm.gamma, norm.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)
