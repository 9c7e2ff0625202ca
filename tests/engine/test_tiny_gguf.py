"""The small model is reproducible, and valid for a real reader."""

from pathlib import Path

import gguf
import pytest

from tests.engine.tiny_gguf import make, words


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first, again = make(tmp_path / "a.gguf"), make(tmp_path / "b.gguf")
    assert first.read_bytes() == again.read_bytes()
    assert make(tmp_path / "c.gguf", seed=2).read_bytes() != first.read_bytes()


@pytest.mark.parametrize(("quant", "kind"), [("f16", "F16"), ("q8_0", "Q8_0")])
def test_its_weights_have_the_requested_type(tmp_path: Path, quant: str, kind: str) -> None:
    reader = gguf.GGUFReader(make(tmp_path / "a.gguf", quant=quant))
    kinds = {tensor.tensor_type.name for tensor in reader.tensors if "norm" not in tensor.name}
    assert kinds == {kind}


def test_only_printable_words_are_sampled() -> None:
    vocabulary = words()
    printable = {vocabulary.tokens[i] for i in vocabulary.sampled}
    # Such a vocabulary writes the space as another letter.
    assert all(text.replace("\u0120", " ").isascii() for text in printable)
    assert all(text.replace("\u0120", " ").isprintable() for text in printable)
    assert len(vocabulary.sampled) > 300
