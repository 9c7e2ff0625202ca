"""Runs of simulated machines: what is said of them."""

from benchrace.events import Reason

CODE = "simulated"
REMARK = Reason(CODE, "the machines are simulated: a script gave the figures, nothing was measured")
