"""The share of a lane's load that one of several machines makes."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Part `index` of `of` machines that generate load for a lane; 0 is the lane's own machine."""

    index: Annotated[int, Meta(ge=0)]
    of: Annotated[int, Meta(ge=2)]
