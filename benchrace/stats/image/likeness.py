"""What the differences of single images come to for a lane, and for the run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean

import msgspec

from benchrace.events import Reason
from benchrace.run.findings.likeness import ImageLikeness, Likeness, psnr_db
from benchrace.run.summary import LaneSummary, RunSummary


def likeness(with_: str, images: Sequence[ImageLikeness], differ: tuple[str, ...] = ()) -> Likeness:
    """Return a lane's likeness to `with_` by its images; null where none could be compared."""
    ssims = [image.ssim for image in images if image.ssim is not None]
    missing = len(images) - len(ssims)
    if not ssims:
        reason = next((image.reason for image in images if image.reason), "nothing was compared")
        return Likeness(
            with_=with_, n_missing=missing, differ=differ, reason=reason, images=tuple(images)
        )
    different = sum(image.different for image in images)
    ssim = fmean(ssims)
    mse = fmean(image.mse for image in images if image.mse is not None)
    return Likeness(
        with_=with_,
        ssim=ssim,
        lowest=min(ssims),
        psnr_db=psnr_db(mse),
        n=len(ssims),
        n_different=different,
        n_missing=missing,
        different=different > 0,
        differ=differ,
        images=tuple(images),
    )


def with_likeness(summary: RunSummary, lanes: Mapping[str, Likeness]) -> RunSummary:
    """Return the summary of a run with what its images have in common."""
    compared = tuple(
        msgspec.structs.replace(lane, likeness=lanes.get(lane.lane_id)) for lane in summary.lanes
    )
    return msgspec.structs.replace(
        summary, lanes=compared, remarks=(*summary.remarks, *_remarks(compared))
    )


def _remarks(lanes: Iterable[LaneSummary]) -> Iterator[Reason]:
    """Name the lanes with an image that shows something else, and no setting that explains it."""
    labels = {lane.lane_id: lane.label for lane in lanes}
    for lane in lanes:
        own = lane.likeness
        if own is None or own.ssim is None or not own.different or own.differ:
            continue
        best = labels.get(own.with_ or "", own.with_)
        ratio = "" if own.psnr_db is None else f" and a PSNR of {own.psnr_db:.1f} dB"
        yield Reason(
            code="images_differ",
            text=f"images differ: {own.n_different} of {own.n} of {lane.label} differ "
            f"from those of {best} at the same seed (on average an SSIM of {own.ssim:.2f}{ratio}); "
            "look at them before you trust its speed",
        )
