"""What the tests of benchrace itself share."""

import importlib.util
import inspect
from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

# Their loops serve people and links; what they call may block only behind the door to threads.
WATCHED = ["benchrace.agent", "benchrace.central", "benchrace.link"]


@pytest.fixture(autouse=True)
def no_blocked_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Raise inside an async test when agent, central or link blocks the loop."""
    if not inspect.iscoroutinefunction(getattr(request, "function", None)):
        yield
        return
    present = [name for name in WATCHED if importlib.util.find_spec(name) is not None]
    with blockbuster_ctx(scanned_modules=present) as watch:
        # An append goes to the page cache: a hop to a thread would cost more than it does.
        watch.functions["os.write"].can_block_in("benchrace/store/journal.py", "append")
        yield
