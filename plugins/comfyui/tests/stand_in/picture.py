"""A small PNG with the graph in a text chunk, as the server writes them."""

import struct
import zlib

SIZE = 8


def picture(graph: str) -> bytes:
    """Return an image whose bytes, and whose colour, differ by its graph."""
    shade = zlib.crc32(graph.encode()) & 0xFF
    rows = (b"\0" + bytes([shade, 255 - shade, 128]) * SIZE) * SIZE
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"tEXt", b"prompt\0" + graph.encode())]
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
