"""Compares pairs of images in processes of their own."""

from collections.abc import Sequence

from benchrace.central.artifacts.image_difference import Difference, Request
from benchrace.central.artifacts.image_process import ImageProcess, command_of

_COMMAND = command_of("benchrace.central.artifacts.image_difference")
_ANSWER_BYTES = 4096
_FAILED = Difference(reason="the images cannot be compared: their decoder failed")


class Comparison(ImageProcess[Request, Difference]):
    """Compares `requests` in order."""

    def __init__(self, requests: Sequence[Request], command: Sequence[str] = _COMMAND) -> None:
        super().__init__(requests, command, _FAILED, _ANSWER_BYTES)
