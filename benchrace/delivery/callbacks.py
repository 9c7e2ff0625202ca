"""Whom to tell about work: the addresses that a request names."""

from typing import Annotated

import msgspec
from msgspec import Meta

MAX_URL_CHARS = 2048

CallbackUrl = Annotated[str, Meta(min_length=1, max_length=MAX_URL_CHARS)]


class Callbacks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """URLs that requests go to: `status` for each new state, the others at the end.

    A cancelled job goes to `cancel`, or to `failure` where `cancel` is not set.
    """

    status: CallbackUrl | None = None
    completion: CallbackUrl | None = None
    failure: CallbackUrl | None = None
    cancel: CallbackUrl | None = None

    def items(self) -> tuple[tuple[str, str], ...]:
        """Return the addresses that are set, by their names."""
        named = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return tuple((name, url) for name, url in named if url is not None)
