"""The part of an engine's protocol that is needed to read an answer."""

from typing import Protocol

from benchrace.errors import BenchraceError
from benchrace.plugin.llm.response.delta import Delta


class ResponseParser(Protocol):
    """A parser of the chunks and errors of one protocol."""

    @property
    def early_end_remedy(self) -> str:
        """The remedy for a stream that ends without a finish reason."""
        ...

    def parse(self, data: bytes) -> Delta:
        """Parse a chunk; raises `bad_output` for an invalid message."""
        ...

    def refusal(self, status: int, text: str) -> BenchraceError:
        """Return the meaning of an error; `status` is 2xx for one in a successful response."""
        ...
