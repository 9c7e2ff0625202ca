"""The URLs of a server's routes, below the path of its base URL and with its query."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

_VERSION = re.compile(r"v\d\w*", re.IGNORECASE)
_V1 = "/v1/"


class Address(NamedTuple):
    """The URL of the server's own routes, `root`, and possible URLs of OpenAI's API, `apis`.

    A base URL with a version in its path, as `/v4` or `/v1beta/openai`, is that of the API. One
    without is the server's: the API is below `/v1`, or, behind some gateways, directly below it.
    """

    root: str
    apis: tuple[str, ...]
    query: str

    def url(self, path: str, api: str | None = None) -> str:
        """Return the URL of a route; those of OpenAI's API begin with `/v1`, wherever it is."""
        if path.startswith(_V1):
            return f"{api or self.apis[0]}/{path.removeprefix(_V1)}{self.query}"
        return f"{self.root}{path}{self.query}"


def address(base_url: str) -> Address:
    """Split a base URL, which must be valid."""
    parts = urlsplit(base_url)
    origin, path = f"{parts.scheme}://{parts.netloc}", re.sub(r"/+$", "", parts.path)
    query = f"?{parts.query}" if parts.query else ""
    segments = path.split("/")
    version = next((i for i, name in enumerate(segments) if _VERSION.fullmatch(name)), None)
    if version is not None:
        root = origin + "/".join(segments[:version])
        return Address(root, (origin + path,), query)
    return Address(origin + path, (f"{origin}{path}/v1", origin + path), query)


def plain(text: str) -> str:
    """Return an address without the quotes and spaces that environment files may leave."""
    return text.strip().strip("\"'").strip()
