"""The engine that an older client means where several offer its work."""

from typing import Any

from benchrace.compat.resetting import ENGINES
from benchrace.protocol.capabilities import Capabilities

DEFAULT_TEST = "llm_generate"
_USUAL = ("compute", *ENGINES)


def preferred(wanted: dict[str, Any], capabilities: Capabilities) -> dict[str, Any]:
    """Choose the engine that an older client means where several offer the work. Pure.

    The only one that has the model, else the one that the older system had.
    """
    offering = {
        status.description.name: {model.name for model in status.models}
        for status in capabilities.backends
        if any(workload.kind == wanted["kind"] for workload in status.description.workloads)
    }
    if "backend" in wanted or len(offering) < 2:
        return wanted
    model = wanted["params"].get("model")
    having = [name for name, models in offering.items() if model in models]
    for name in (*(having if len(having) == 1 else ()), *_USUAL):
        if name in offering:
            return {**wanted, "backend": name}
    return wanted
