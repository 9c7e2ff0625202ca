"""A server of this machine is trusted by the certificate in the record of its data folder."""

from pathlib import Path

import msgspec

from benchrace import structs

_MAX_BYTES = 1 << 16


class _Record(msgspec.Struct, frozen=True):
    url: str
    certificate: str | None = None


def certificate_of(record: Path, url: str) -> str | None:
    """Return the certificate in PEM of the server at `url`, if `record` is its record. Blocks.

    Only the owner of the data folder can write the record.
    """
    try:
        with record.open("rb") as file:
            served = structs.decode(file.read(_MAX_BYTES), _Record)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return served.certificate if served.url == url.rstrip("/") else None
