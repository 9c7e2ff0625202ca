"""A process of its own: small images of large ones, for pages that show many.

It reads images as a JSON array, and writes an answer for each as a line, as `image_difference`.
"""

import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchrace import structs
from benchrace.central.artifacts.image_difference import Image, read_frame, stay_small

if TYPE_CHECKING:
    from av import VideoFrame

# Twice what the gallery draws, for screens with two pixels in place of one.
SIDE = 512


class Thumbnail(msgspec.Struct, frozen=True, kw_only=True):
    """A JPEG; empty where the image is small already, or cannot be read for the reason given."""

    data: bytes = b""
    reason: str | None = None


def thumbnail(image: Image) -> Thumbnail:
    """Make an image of up to `SIDE` pixels on its longer side."""
    import av

    try:
        frame = read_frame(image)
        if max(frame.width, frame.height) <= SIDE:
            return Thumbnail()
        data = _jpeg(frame)
    except (av.FFmpegError, ValueError, StopIteration, MemoryError) as error:
        why = str(error) or type(error).__name__
        return Thumbnail(reason=f"the image cannot be read: {why}"[:200])
    return Thumbnail(data=data if len(data) < Path(image.path).stat().st_size else b"")


def _jpeg(frame: "VideoFrame") -> bytes:
    import av

    scale = SIDE / max(frame.width, frame.height)
    # Colours have half as many pixels.
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1)
    encoder.thread_count = 1
    small = frame.reformat(width=width, height=height, format="yuvj420p", interpolation="AREA")
    small.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(small), *encoder.encode(None)))


def main() -> None:
    stay_small()
    for image in structs.decode(sys.stdin.buffer.read(), tuple[Image, ...]):
        sys.stdout.buffer.write(msgspec.json.encode(thumbnail(image)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
