"""Lengths that files state and FFmpeg does not pass on."""

from pathlib import Path

_ID3_HEADER = 10
# The tag follows the side information, which has at most 32 bytes after a header of 4 to 6.
_FIRST_FRAME = 64
_HAS_COUNT = 1
# Programs that write into a pipe do not know the size.
_UNKNOWN = (0, 0xFFFF_FFFF)


def mp3_frames(path: Path) -> int | None:
    """Return the number of frames after the first, None where no tag tells it."""
    with path.open("rb") as file:
        head = file.read(_ID3_HEADER)
        file.seek(_id3_size(head))
        first = file.read(_FIRST_FRAME)
    at = max(first.find(b"Xing"), first.find(b"Info"))
    flags, count = first[at + 4 : at + 8], first[at + 8 : at + 12]
    if at < 0 or len(count) < 4 or not flags[3] & _HAS_COUNT:
        return None
    return int.from_bytes(count, "big")


def wav_size(path: Path) -> int | None:
    """Return the size in bytes that a WAV file states for itself, None where it does not know."""
    with path.open("rb") as file:
        head = file.read(8)
    size = int.from_bytes(head[4:], "little")
    return None if not head.startswith(b"RIFF") or size in _UNKNOWN else size + len(head)


def _id3_size(head: bytes) -> int:
    if len(head) < _ID3_HEADER or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:
        # Seven bits of each byte.
        size = size << 7 | byte & 0x7F
    return _ID3_HEADER + size
