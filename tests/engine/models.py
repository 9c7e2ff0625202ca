"""Models for the tests of one session; each is made when the first test asks for it."""

from pathlib import Path

from tests.engine.tiny_gguf import make


class Models:
    """Makes each file once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, shape: str = "tiny", quant: str = "f16", *, ends: bool = False) -> Path:
        """Give the file of such a model."""
        path = self._folder / f"{shape}-{quant}{'-ends' if ends else ''}.gguf"
        return path if path.exists() else make(path, shape=shape, quant=quant, ends=ends)
