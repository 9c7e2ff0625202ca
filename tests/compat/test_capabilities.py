"""The older capabilities answer: what a backend need not say of itself is there all the same."""

import msgspec
import pytest

from benchrace.compat.agent_capabilities import capabilities_answer
from benchrace.plugin.readiness import Model
from tests.central.offer import capabilities


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("llm_generate", "llm_models"),
        ("transcribe", "whisper_models"),
        ("txt2img", "sdxl_profiles"),
    ],
)
def test_models_of_any_backend_are_listed_by_what_they_do(kind: str, key: str) -> None:
    machine_capabilities = capabilities("m")
    (status,) = machine_capabilities.backends
    workload = msgspec.structs.replace(status.description.workloads[0], kind=kind)
    description = msgspec.structs.replace(status.description, workloads=(workload,))
    status = msgspec.structs.replace(
        status, description=description, models=(Model(name="b"), Model(name="a"))
    )
    body = capabilities_answer(msgspec.structs.replace(machine_capabilities, backends=(status,)))
    assert not status.legacy
    assert getattr(body, key) == ("a", "b")
    assert body.ollama_reachable is None
    assert body.tests == (kind,)
