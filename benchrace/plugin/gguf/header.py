"""Read the header of a GGUF file: metadata and tensors, never the weights. All calls block."""

import math
import stat
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAGIC = b"GGUF"
VERSIONS = (2, 3)
# More than any published model has; a file that says more is damaged, or made to exhaust memory.
MAX_KEYS = 1 << 16
MAX_TENSORS = 1 << 16
MAX_DIMENSIONS = 8
MAX_TEXT = 1 << 20
# Longer arrays are vocabularies: they are skipped.
MAX_ARRAY = 1 << 14
MAX_ELEMENTS = 1 << 26
# Elements of arrays that are kept, and texts that are stepped over, all arrays together.
MAX_STEPS = 1 << 21
MAX_HEADER = 1 << 29

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 10: "Q", 11: "q", 12: "d"}
_BOOL, _TEXT, _ARRAY = 7, 8, 9
_DEFAULT_ALIGNMENT = 32
_LENGTH = struct.Struct("<Q")
_BLOCK = 1 << 20

Scalar = int | float | bool | str
Value = Scalar | tuple[Scalar, ...] | None


class BadGguf(Exception):
    """The file is not GGUF, or its header cannot be meant; the message names the file."""


class Tensor(NamedTuple):
    """A tensor: `type` is GGML's number of its format, `size` its bytes with their padding."""

    name: str
    shape: tuple[int, ...]
    type: int
    size: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


class Header(NamedTuple):
    """What a file says of itself; arrays of more than 16,384 elements are None."""

    version: int
    metadata: dict[str, Value]
    tensors: tuple[Tensor, ...]


def read_header(path: Path) -> Header:
    """Read a file's header; raises `BadGguf`, and `OSError` for a file that cannot be read."""
    try:
        # Opening a pipe would block until someone writes into it.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("not a regular file")
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            return _Reader(file, size).header()
    except (ValueError, struct.error) as error:
        raise BadGguf(f"{path}: {error}") from error


class _Reader:
    """Reads values in order; raises ValueError for those that cannot be."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._steps = 0

    def header(self) -> Header:
        if self._file.read(4) != MAGIC:
            raise ValueError("not a GGUF file")
        version = self._number("I")
        if version not in VERSIONS:
            swapped = int.from_bytes(int(version).to_bytes(4, "little"), "big")
            order = " in big-endian order" if swapped in VERSIONS else ""
            raise ValueError(f"unsupported GGUF version {version}{order}; supported: 2 and 3")
        tensors = self._count("tensors", MAX_TENSORS)
        keys = self._count("keys", MAX_KEYS)
        metadata = {self._text(): self._value(self._number("I")) for _ in range(keys)}
        infos = [self._info() for _ in range(tensors)]
        return Header(int(version), metadata, tuple(self._sized(infos, metadata)))

    def _info(self) -> tuple[str, tuple[int, ...], int, int]:
        """Read a tensor's name, shape, type, and offset from the beginning of the data."""
        name = self._text()
        dimensions = self._number("I")
        if dimensions > MAX_DIMENSIONS:
            raise ValueError(f"tensor {name[:60]!r} has {dimensions} dimensions")
        shape = tuple(int(self._number("Q")) for _ in range(int(dimensions)))
        if math.prod(shape) >= 1 << 62:
            raise ValueError(f"tensor {name[:60]!r} has the impossible shape {shape}")
        return name, shape, int(self._number("I")), int(self._number("Q"))

    def _sized(
        self, infos: list[tuple[str, tuple[int, ...], int, int]], metadata: dict[str, Value]
    ) -> Iterator[Tensor]:
        """Add sizes: each tensor ends where the next one begins, so that any format is known."""
        alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or not 0 < alignment <= MAX_TEXT:
            raise ValueError(f"impossible alignment {alignment}")
        data = -(-self._file.tell() // alignment) * alignment
        ends = [*sorted({offset for *_, offset in infos}), self._size - data]
        following = dict(pairwise(ends))
        for name, shape, kind, offset in infos:
            size, elements = following[offset] - offset, math.prod(shape)
            if size < 0 or (size == 0 and elements):
                raise ValueError("it ends before its tensors do: the file is cut off")
            yield Tensor(name, shape, kind, size)

    def _value(self, kind: float) -> Value:
        if kind == _TEXT:
            return self._text()
        if kind == _ARRAY:
            return self._array()
        return self._scalar(int(kind))

    def _array(self) -> tuple[Scalar, ...] | None:
        kind, length = int(self._number("I")), self._count("elements", MAX_ELEMENTS)
        if kind == _ARRAY:
            raise ValueError("arrays of arrays are not supported")
        if length > MAX_ARRAY and kind != _TEXT:
            self._skip(length * struct.calcsize(_code(kind)))
            return None
        self._steps += length
        if self._steps > MAX_STEPS:
            raise ValueError(f"more than {MAX_STEPS} elements in arrays")
        if length > MAX_ARRAY:
            self._skip_texts(length)
            return None
        if kind == _TEXT:
            return tuple(self._text() for _ in range(length))
        layout = f"<{length}{_code(kind)}"
        values = struct.unpack(layout, self._read(struct.calcsize(layout)))
        return tuple(map(bool, values)) if kind == _BOOL else values

    def _skip_texts(self, count: int) -> None:
        """Step over texts from length to length, in blocks: a vocabulary has 200,000 of them."""
        block, at = b"", 0
        for _ in range(count):
            if len(block) - at < _LENGTH.size:
                block, at = block[at:] + self._file.read(_BLOCK), 0
            if len(block) < _LENGTH.size:
                raise ValueError("its header is cut off")
            at += _LENGTH.size + _LENGTH.unpack_from(block, at)[0]
            if at > len(block):
                self._skip(at - len(block))
                block, at = b"", 0
        self._file.seek(at - len(block), 1)

    def _scalar(self, kind: int) -> int | float | bool:
        if kind == _BOOL:
            return bool(self._number("B"))
        return self._number(_code(kind))

    def _number(self, code: str) -> int | float:
        layout = f"<{code}"
        value: int | float = struct.unpack(layout, self._read(struct.calcsize(layout)))[0]
        return value

    def _count(self, what: str, most: int) -> int:
        count = int(self._number("Q"))
        if count > most:
            raise ValueError(f"{count} {what}; at most {most} are possible")
        return count

    def _text(self) -> str:
        length = int(self._number("Q"))
        if length > MAX_TEXT:
            raise ValueError(f"a text of {length} bytes; at most {MAX_TEXT} are possible")
        if self._file.tell() > MAX_HEADER:
            raise ValueError(f"a header of more than {MAX_HEADER >> 20} MiB")
        return self._read(length).decode("utf-8", "replace")

    def _read(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise ValueError("its header is cut off")
        return data

    def _skip(self, length: int) -> None:
        at = self._file.tell() + length
        if at > min(self._size, MAX_HEADER):
            raise ValueError("its header is cut off")
        self._file.seek(at)


def _code(kind: int) -> str:
    if kind == _BOOL:
        return "B"
    try:
        return _NUMBERS[kind]
    except KeyError:
        raise ValueError(f"unknown type of value: {kind}") from None
