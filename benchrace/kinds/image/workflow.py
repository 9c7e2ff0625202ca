"""Images from a workflow of the user's own."""

from benchrace.kinds.image.metrics import ENERGY, METRICS, WORK, derive
from benchrace.kinds.image.record import ImageRecord
from benchrace.kinds.image.workflow_params import WorkflowParams
from benchrace.kinds.kind import Kind

WORKFLOW = Kind(
    name="workflow",
    title="Run a workflow",
    params=WorkflowParams,
    record=ImageRecord,
    metrics=METRICS,
    derive=derive,
    work=WORK,
    energy=ENERGY,
)
