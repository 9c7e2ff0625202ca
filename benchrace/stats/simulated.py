"""Runs of simulated machines: what is said of them."""

from benchrace.events import Reason

CODE = "simulated"
REMARK = Reason(
    CODE, "the machines are simulated: their figures come from a script, nothing was measured"
)
