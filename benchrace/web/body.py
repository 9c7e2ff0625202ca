"""Requests' bodies as checked values, with every bad field named by its path."""

from typing import TypeVar

import msgspec
from quart import Request

from benchrace.api.decoding import convert
from benchrace.errors import Category
from benchrace.web.problem import Problem

T = TypeVar("T")


async def read(request: Request, kind: type[T]) -> T:
    """Decode the body; raises 400 where it is not JSON, `InvalidInput` where it does not fit."""
    data = await request.get_data()
    return decode(data if isinstance(data, bytes) else data.encode(), kind)


def decode(data: bytes, kind: type[T]) -> T:
    """Decode JSON into `kind`; an empty body, or null, is an empty object."""
    try:
        value = msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(
            400,
            Category.VALIDATION,
            f"the request is not valid JSON: {error}",
            "Send one JSON object.",
        ) from error
    return convert({} if value is None else value, kind)
