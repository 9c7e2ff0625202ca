"""What every test of every distribution shares."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.parallel"]

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("untimed"), max_examples=20)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples in `make check`; `make test` tries them all."""
    # pytest rewrites this module, and imports it first.
    from tests.parallel import leaves_out_slow

    if leaves_out_slow(config):
        settings.load_profile("quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless it is what was chosen."""
    if "soak" in config.option.markexpr:
        return
    soaks = [item for item in items if item.get_closest_marker("soak")]
    if soaks:
        config.hook.pytest_deselected(items=soaks)
        items[:] = [item for item in items if item not in soaks]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
