"""The small model is the same for the same arguments, and a real model to a real reader."""

from pathlib import Path

import gguf
import pytest

from tests.engine.tiny_gguf import make, words


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first, again = make(tmp_path / "a.gguf"), make(tmp_path / "b.gguf")
    assert first.read_bytes() == again.read_bytes()
    assert make(tmp_path / "c.gguf", seed=2).read_bytes() != first.read_bytes()


@pytest.mark.parametrize(("quant", "kind"), [("f16", "F16"), ("q8_0", "Q8_0")])
def test_its_weights_are_of_the_type_asked_for(tmp_path: Path, quant: str, kind: str) -> None:
    reader = gguf.GGUFReader(make(tmp_path / "a.gguf", quant=quant))
    kinds = {tensor.tensor_type.name for tensor in reader.tensors if "norm" not in tensor.name}
    assert kinds == {kind}


def test_only_printable_words_can_come() -> None:
    found = words()
    printable = {found.tokens[i] for i in found.sampled}
    # A blank is spelt with another letter in such a vocabulary.
    assert all(text.replace("\u0120", " ").isascii() for text in printable)
    assert all(text.replace("\u0120", " ").isprintable() for text in printable)
    assert len(found.sampled) > 300
