"""A process of its own: how different pairs of images are, by FFmpeg's filters.

It reads requests as a JSON array, and writes an answer for each as a line. The images are foreign:
a decoder that one of them breaks ends this process, and nothing else.
"""

import math
import os
import resource
import sys
from fractions import Fraction
from importlib.util import find_spec
from typing import TYPE_CHECKING

import msgspec

from benchrace import structs

if TYPE_CHECKING:
    from av import VideoFrame

LIBRARY = "av"
# Two of them, and their copies in the filters, take less than a gigabyte.
MAX_PIXELS = 40_000_000
# By the media type, so that nothing is guessed: some formats read other files, or the network.
_FORMATS = {
    "image/png": "png_pipe",
    "image/jpeg": "jpeg_pipe",
    "image/webp": "webp_pipe",
    "image/gif": "gif",
}
_SECOND = Fraction(1)
_NICE = 19
# Of address space: what is larger was not meant to be shown.
_MEMORY = 4 << 30


class Image(msgspec.Struct, frozen=True):
    """A file, and what it is said to be."""

    path: str
    media_type: str


class Request(msgspec.Struct, frozen=True):
    """Two images to compare."""

    best: Image
    own: Image


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The structural similarity, and the mean squared difference of the channels (0 to 255)."""

    ssim: float | None = None
    mse: float | None = None
    reason: str | None = None


def installed() -> bool:
    """Check whether the library that reads and compares images is here."""
    return find_spec(LIBRARY) is not None


def difference(request: Request) -> Difference:
    """Compare two images, or say why they cannot be."""
    import av

    try:
        frames = [read_frame(image) for image in (request.best, request.own)]
        best, own = frames
        if (best.width, best.height) != (own.width, own.height):
            sizes = f"{own.width} x {own.height} and {best.width} x {best.height}"
            return Difference(reason=f"their sizes differ: {sizes}")
        figures = _compared(best, own)
        ssim, mse = float(figures["lavfi.ssim.All"]), float(figures["lavfi.psnr.mse_avg"])
    except (av.FFmpegError, ValueError, StopIteration, KeyError, MemoryError) as error:
        why = str(error) or type(error).__name__
        return Difference(reason=f"an image cannot be read: {why}"[:200])
    if not (math.isfinite(ssim) and math.isfinite(mse)):
        return Difference(reason=f"the filters give no number: SSIM {ssim}, MSE {mse}")
    return Difference(ssim=ssim, mse=mse)


def read_frame(image: Image) -> "VideoFrame":
    """Decode an image; raises ValueError or what the library raises for one that is none."""
    import av

    form = _FORMATS.get(image.media_type)
    if form is None:
        raise ValueError(f"{image.media_type} is not a format of images")
    # Decoders refuse more by the header; finding out the format decodes already.
    limit = {"max_pixels": str(MAX_PIXELS)}
    with av.open(image.path, format=form, options=limit) as file:
        (stream,) = file.streams.video
        size = stream.width * stream.height
        if size > MAX_PIXELS:
            raise ValueError(f"{size} pixels exceed the limit of {MAX_PIXELS}")
        stream.thread_type = "NONE"
        stream.codec_context.options = limit
        return next(file.decode(stream))


def _compared(best: "VideoFrame", own: "VideoFrame") -> dict[str, str]:
    """Run both filters over one pair, and return what they say of it."""
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    sources = []
    ends = []
    for frame in (own, best, best):
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=_SECOND
        )
        end = graph.add("format", "pix_fmts=gbrp")
        source.link_to(end)
        sources.append((source, frame))
        ends.append(end)
    ssim, psnr, sink = graph.add("ssim"), graph.add("psnr"), graph.add("buffersink")
    ends[0].link_to(ssim, 0, 0)
    ends[1].link_to(ssim, 0, 1)
    ssim.link_to(psnr, 0, 0)
    ends[2].link_to(psnr, 0, 1)
    psnr.link_to(sink)
    graph.configure()
    for source, frame in sources:
        source.push(frame)
        source.push(None)
    return dict(sink.pull().metadata)


def stay_small() -> None:
    """Take only time that nobody else wants, and limited memory."""
    os.nice(_NICE)
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    stay_small()
    for request in structs.decode(sys.stdin.buffer.read(), tuple[Request, ...]):
        sys.stdout.buffer.write(msgspec.json.encode(difference(request)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
