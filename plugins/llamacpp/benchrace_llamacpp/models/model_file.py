"""One GGUF file that a lane may name."""

import msgspec


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with a model's weights, or the first of several; `digest` is the store's own."""

    name: str
    path: str
    digest: str | None = None
