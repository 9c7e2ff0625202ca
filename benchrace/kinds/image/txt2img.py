"""Images from text."""

from benchrace.kinds.image.metrics import ENERGY, METRICS, WORK, derive
from benchrace.kinds.image.params import ImageParams
from benchrace.kinds.image.record import ImageRecord
from benchrace.kinds.kind import Kind

TXT2IMG = Kind(
    name="txt2img",
    title="Generate images",
    params=ImageParams,
    record=ImageRecord,
    metrics=METRICS,
    derive=derive,
    work=WORK,
    energy=ENERGY,
)
