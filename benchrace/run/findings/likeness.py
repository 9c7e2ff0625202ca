"""How alike the images of a run's lanes are."""

import math

import msgspec

# Beyond either of them, two images show different things: large plain areas raise the SSIM of any
# two images, and slight shifts lower the PSNR of the same one.
LEAST_SSIM = 0.5
LEAST_PSNR_DB = 15.0
_PEAK = 255.0


def psnr_db(mse: float) -> float | None:
    """Return the peak signal-to-noise ratio; None for equal images, which have none."""
    return 10 * math.log10(_PEAK**2 / mse) if mse > 0 else None


def is_different(ssim: float, mse: float) -> bool:
    """Check whether two images show different things."""
    ratio = psnr_db(mse)
    return ssim < LEAST_SSIM or (ratio is not None and ratio < LEAST_PSNR_DB)


class ImageLikeness(msgspec.Struct, frozen=True, kw_only=True):
    """One image beside that of the reference lane at the same seed; `image` counts in its batch.

    `ssim` is 1 for equal images and about 0 for unlike ones, `mse` the mean squared difference of
    their channels, which go from 0 to 255. Both are null for the reason given. `different` images
    show different things.
    """

    round: int
    image: int
    ssim: float | None = None
    mse: float | None = None
    different: bool = False
    reason: str | None = None


class Likeness(msgspec.Struct, frozen=True, kw_only=True, rename={"with_": "with"}):
    """How alike a lane's images and those of `with` are, the reference lane of its model.

    `ssim` is the mean over `n` pairs of images, `lowest` the worst of them, and `psnr_db` that of
    their mean squared difference, null where there is none. All are null for the reason given.
    `n_different` of the pairs show different things, and `different` says that any do; `n_missing`
    pairs could not be compared. `differ` names parameters, such as the sampler, that differ from
    the reference's and by which images may differ without a fault.
    """

    with_: str | None = None
    ssim: float | None = None
    lowest: float | None = None
    psnr_db: float | None = None
    n: int = 0
    n_different: int = 0
    n_missing: int = 0
    different: bool = False
    differ: tuple[str, ...] = ()
    reason: str | None = None
    images: tuple[ImageLikeness, ...] = ()
