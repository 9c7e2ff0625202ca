"""Which images of a run lack a small one, and the processes that make them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchrace.central.artifacts.catalog import IMAGES
from benchrace.central.artifacts.image_difference import Image
from benchrace.central.artifacts.image_process import ImageProcess, command_of
from benchrace.central.artifacts.thumbnail import Thumbnail
from benchrace.store import thumbnails
from benchrace.store.artifacts import Artifacts

_COMMAND = command_of("benchrace.central.artifacts.thumbnail")
# A JPEG of this size, in Base64; such a small image has some tens of kilobytes.
_ANSWER_BYTES = 1 << 20
_FAILED = Thumbnail(reason="the image cannot be read: its decoder failed")


class Large(NamedTuple):
    """An image that was not looked at yet."""

    sha256: str
    image: Image


class Shrinking(ImageProcess[Image, Thumbnail]):
    """Makes small images of `images` in order."""

    def __init__(self, images: Sequence[Image], command: Sequence[str] = _COMMAND) -> None:
        super().__init__(images, command, _FAILED, _ANSWER_BYTES)


def lacking(run: Path) -> tuple[Large, ...]:
    """Return the images that are here and were not looked at. Blocking."""
    files = Artifacts(run)
    large = []
    for sha256 in sorted(files.stored() - thumbnails.made_of(run)):
        begin = files.begin_of(sha256)
        media_type = next((name for name, sign in IMAGES.items() if sign(begin)), None)
        if media_type is not None:
            large.append(Large(sha256, Image(str(files.path(sha256)), media_type)))
    return tuple(large)
