"""What Ollama's answers say of a model."""

from typing import Any

import pytest

from benchrace_ollama.client import Shown, Tag
from benchrace_ollama.models import model


@pytest.mark.parametrize(
    ("experts", "active"), [({}, 7), ({"g.expert_count": 0}, 7), ({"g.expert_count": 8}, None)]
)
def test_of_a_dense_model_all_weights_are_read(experts: dict[str, Any], active: int | None) -> None:
    shown = Shown(model_info={"general.architecture": "g", **experts})
    assert model(Tag(name="m", size=7), shown, None, None, "").active_bytes == active
