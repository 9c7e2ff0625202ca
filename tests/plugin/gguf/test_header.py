"""The reader of GGUF headers: files of the public writer, and files that lie."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest

from benchrace.plugin.gguf.header import (
    MAX_ARRAY,
    MAX_KEYS,
    MAX_STEPS,
    MAX_TENSORS,
    BadGguf,
    read_header,
)
from tests.engine.models import Models
from tests.engine.tiny_gguf import SHAPES


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def head(*, version: int = 3, tensors: int = 0, keys: int = 0) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys)


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def info(name: str, shape: tuple[int, ...], offset: int) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + dimensions + struct.pack("<IQ", 1, offset)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def written(data: bytes) -> Path:
        path = tmp_path / "model.gguf"
        path.write_bytes(data)
        return path

    return written


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Models(tmp_path_factory.mktemp("models")).path("tiny", "q8_0")


def test_it_reads_what_the_public_writer_wrote(tiny: Path) -> None:
    header = read_header(tiny)
    theirs = gguf.GGUFReader(tiny)
    assert header.version == 3
    assert header.metadata["general.architecture"] == "llama"
    assert header.metadata["llama.block_count"] == SHAPES["tiny"].layers
    assert header.metadata["tokenizer.ggml.add_bos_token"] is True
    words = header.metadata["tokenizer.ggml.tokens"]
    assert isinstance(words, tuple)
    assert len(words) == len(theirs.fields["tokenizer.ggml.tokens"].data)
    assert [tensor.name for tensor in header.tensors] == [item.name for item in theirs.tensors]
    for own, other in zip(header.tensors, theirs.tensors, strict=True):
        assert own.shape == tuple(int(size) for size in other.shape)
        assert own.type == other.tensor_type.value
        assert 0 <= own.size - other.n_bytes < 32


def test_long_arrays_are_skipped(write: Callable[[bytes], Path]) -> None:
    words = [f"word {number}" for number in range(20_000)]
    long_texts = struct.pack("<IQ", 8, len(words)) + b"".join(map(text, words))
    long_numbers = struct.pack("<IQ", 6, 30_000) + bytes(4 * 30_000)
    data = head(keys=3) + pair("words", 9, long_texts) + pair("scores", 9, long_numbers)
    header = read_header(write(data + pair("after", 4, struct.pack("<I", 7))))
    assert header.metadata == {"words": None, "scores": None, "after": 7}


def test_version_2_is_read(write: Callable[[bytes], Path]) -> None:
    assert read_header(write(head(version=2))).version == 2


def array(kind: int, count: int, value: bytes = b"") -> bytes:
    return head(keys=1) + pair("k", 9, struct.pack("<IQ", kind, count) + value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a GGUF file"),
        (b"GGML" + bytes(20), "not a GGUF file"),
        (head(version=1), "unsupported GGUF version 1; supported: 2 and 3"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version 50331648 in big-endian order"),
        (head(keys=MAX_KEYS + 1), f"{MAX_KEYS + 1} keys"),
        (head(tensors=MAX_TENSORS + 1), f"{MAX_TENSORS + 1} tensors"),
        (head(keys=1), "its header is cut off"),
        (head(keys=1) + struct.pack("<Q", 1 << 40), "a text of 1099511627776 bytes"),
        (head(keys=1) + pair("k", 13, bytes(8)), "unknown type of value: 13"),
        (array(9, 1), "arrays of arrays"),
        (array(8, 1 << 40), "1099511627776 elements"),
        (array(8, 20_000, struct.pack("<Q", 1 << 62)), "its header is cut off"),
        (array(8, 20_000), "its header is cut off"),
        (array(10, 1 << 26), "its header is cut off"),
        (head(tensors=1) + text("t") + struct.pack("<I", 9), "tensor 't' has 9 dimensions"),
        (head(tensors=1) + info("t", (1 << 40, 1 << 40), 0), "impossible shape"),
        (head(tensors=1) + info("t", (4, 4), 0), "the file is cut off"),
        (head(tensors=1) + info("t", (4, 4), 1 << 50) + bytes(64), "the file is cut off"),
        (head(keys=1) + pair("general.alignment", 4, bytes(4)), "impossible alignment 0"),
    ],
)
def test_a_file_that_lies_is_refused(
    data: bytes, message: str, write: Callable[[bytes], Path]
) -> None:
    path = write(data)
    with pytest.raises(BadGguf, match=message.replace("(", r"\(")) as raised:
        read_header(path)
    assert str(path) in str(raised.value)


def test_short_arrays_are_read_whole(write: Callable[[bytes], Path]) -> None:
    flags = struct.pack("<IQ3B", 7, 3, 1, 0, 2)
    numbers = struct.pack("<IQ2h", 3, 2, -5, 9)
    header = read_header(write(head(keys=2) + pair("a", 9, flags) + pair("b", 9, numbers)))
    assert header.metadata == {"a": (True, False, True), "b": (-5, 9)}


def test_all_arrays_together_are_limited(write: Callable[[bytes], Path]) -> None:
    count = MAX_STEPS // MAX_ARRAY + 1
    one = struct.pack("<IQ", 0, MAX_ARRAY) + bytes(MAX_ARRAY)
    path = write(head(keys=count) + b"".join(pair(str(n), 9, one) for n in range(count)))
    with pytest.raises(BadGguf, match=f"more than {MAX_STEPS} elements in arrays"):
        read_header(path)


def test_what_is_not_a_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, why in ((tmp_path / "pipe", "not a regular file"), (Path("a\0b"), "null byte")):
        with pytest.raises(BadGguf, match=why):
            read_header(path)


def test_any_cut_of_a_header_is_refused(write: Callable[[bytes], Path]) -> None:
    words = struct.pack("<IQ", 8, 2) + text("one") + text("two")
    data = head(tensors=1, keys=3) + pair("words", 9, words) + pair("n", 4, bytes(4))
    data += pair("flags", 9, struct.pack("<IQ3B", 7, 3, 1, 0, 1)) + info("t", (4,), 0)
    for length in range(len(data)):
        with pytest.raises(BadGguf):
            read_header(write(data[:length]))
