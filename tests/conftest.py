"""Fixtures shared by the tests of benchrace itself."""

import inspect
from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, BlockBusterFunction

from benchrace.redaction import SECRETS

# Their loops serve people and links; what they call may block only in threads.
WATCHED = ["benchrace.agent", "benchrace.central", "benchrace.delivery", "benchrace.protocol"]
SYNCS = ["os.fsync", "os.fdatasync"]


@pytest.fixture(autouse=True)
def no_blocked_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Raise inside an async test when agent, central or link blocks the loop."""
    if not inspect.iscoroutinefunction(getattr(request, "function", None)):
        yield
        return
    guard = BlockBuster(WATCHED)
    for name in SYNCS:
        guard.functions[name] = BlockBusterFunction(None, name, scanned_modules=WATCHED)
    # A batch of lines goes into the page cache at once: less than a hop to a thread would cost.
    guard.functions["os.write"].can_block_in("benchrace/store/journal.py", "append")
    guard.activate()
    try:
        yield
    finally:
        guard.deactivate()


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> Iterator[None]:
    """Forget the secrets that a test registers: they would be redacted from later texts."""
    yield
    SECRETS.clear()
