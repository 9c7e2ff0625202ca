"""Fixtures with real engines and small models."""

from collections.abc import Iterator

import pytest

from tests.engine.llama_server import Running, serving
from tests.engine.models import Models


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def engine(models: Models) -> Iterator[Running]:
    """Serve the tiny model for all tests of a module, on two slots with room for long answers."""
    with serving(models.path("tiny"), slots=2, context=16_384) as running:
        yield running
