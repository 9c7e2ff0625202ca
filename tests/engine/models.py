"""Models for the tests of one session, created on first use."""

from pathlib import Path

from tests.engine.tiny_gguf import make


class Models:
    """A folder of models, each created once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, shape: str = "tiny", quant: str = "f16", *, ends: bool = False) -> Path:
        """Return the file of such a model."""
        path = self._folder / f"{shape}-{quant}{'-ends' if ends else ''}.gguf"
        return path if path.exists() else make(path, shape=shape, quant=quant, ends=ends)
