"""Split bytes that arrive in any pieces into whole lines, and find the few that matter."""

from collections.abc import Iterator

# Most lines of a fast run, and known by how the codec begins them: they need no decoding.
OUTPUT = tuple(
    f'{{"type":"{tag}",'.encode() for tag in ("llm_token", "compute_line", "progress", "preview")
)


class Lines:
    """Splits at newline bytes alone; what follows the last one waits for the next piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that `data` completes, without their newlines, empty ones left out."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        return (line for line in whole if line)


def without_output(lines: bytes) -> bytes:
    """Leave text, output and progress out of whole lines, except out of the last one.

    Whether a log is complete is read from its last line, whatever that is.
    """
    rows = lines.split(b"\n")
    others = [row for row in rows[:-2] if not row.startswith(OUTPUT)]
    return b"\n".join(others + rows[-2:])
