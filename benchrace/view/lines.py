"""Split bytes that arrive in any pieces into whole lines."""

from collections.abc import Iterator


class Lines:
    """Splits at newline bytes alone; what follows the last one waits for the next piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that `data` completes, without their newlines, empty ones left out."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        return (line for line in whole if line)
