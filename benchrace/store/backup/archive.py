"""Archives by the ending of their name: `.tar.gz` and `.tar.zst`."""

import gzip
import sys
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from benchrace.errors import FieldError, InvalidInput

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_GZIP, _ZSTD = (".tar.gz", ".tgz"), (".tar.zst", ".tzst")
# What reading a damaged archive raises, beside OSError.
DAMAGE = (EOFError, tarfile.TarError, zlib.error, zstd.ZstdError, gzip.BadGzipFile)


def check_name(path: Path) -> None:
    """Raise InvalidInput for a name with another ending."""
    if not path.name.endswith(_GZIP + _ZSTD):
        what = f"invalid archive name {path.name!r} (e.g. central.tar.zst or central.tar.gz)"
        raise InvalidInput(FieldError("file", what))


@contextmanager
def writing(file: IO[bytes], name: str) -> Iterator[tarfile.TarFile]:
    """Write an archive into an open file; `name` chooses the compression."""
    with _packing(file, name) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        yield archive


@contextmanager
def reading(file: IO[bytes], name: str) -> Iterator[tarfile.TarFile]:
    """Read an archive from an open file, once and in order."""
    with _unpacking(file, name) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as archive:
        yield archive


def _packing(file: IO[bytes], name: str) -> IO[bytes]:
    if name.endswith(_ZSTD):
        return cast(IO[bytes], zstd.ZstdFile(file, "wb"))
    # No file name and no time in the head: the same content gives the same archive.
    return cast(IO[bytes], gzip.GzipFile("", "wb", 6, file, 0))


def _unpacking(file: IO[bytes], name: str) -> IO[bytes]:
    if name.endswith(_ZSTD):
        return cast(IO[bytes], zstd.ZstdFile(file, "rb"))
    return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb"))
