"""Read the rest of a stream as text, for an engine's error message."""

from benchrace.errors import BenchraceError
from benchrace.plugin.stream import Stream


async def read(stream: Stream, most: int) -> str:
    """Read to the end, or to `most` bytes; raises the stream's failure where nothing came."""
    lines: list[bytes] = []
    size = 0
    try:
        async for chunk in stream:
            lines.append(chunk.data)
            size += len(chunk.data) + 1
            if size >= most:
                break
    except BenchraceError:
        if not lines and not stream.rest:
            raise
        lines.append(stream.rest)
    return b"\n".join(lines)[:most].decode("utf-8", "replace")
