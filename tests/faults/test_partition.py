"""A network that is gone without a word, as with a pulled cable, and comes back."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.conftest import Shell, wait_until

RUN = ("run", "--workload", "compute", "-p", "n=50M", "--rounds", "20", "--json")


class Namespace(Shell):
    """Runs every command in a network namespace of its own, whose loopback can be taken down."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.name = f"benchrace-{os.getpid()}"
        if shutil.which("ip") is None or self._ip("netns", "add", self.name):
            pytest.skip("this user may not make a network namespace")
        self.connect(up=True)

    def connect(self, *, up: bool) -> None:
        """Bring the network up, or take it down."""
        state = "up" if up else "down"
        assert self._ip("-n", self.name, "link", "set", "lo", state) == 0

    def command(self, *args: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, *super().command(*args)]

    def remove(self) -> None:
        self._ip("netns", "del", self.name)

    def _ip(self, *args: str) -> int:
        return subprocess.run(["ip", *args], check=False, capture_output=True).returncode


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[Namespace]:
    namespace = Namespace(tmp_path, token="a token of the tests")
    yield namespace
    for process in namespace.processes():
        process.kill()
    namespace.remove()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_run_outlives_a_network_that_was_gone(namespace: Namespace) -> None:
    namespace.serve()
    run = namespace.start(*RUN)
    wait_until(lambda: namespace.rounds() >= 2, "two rounds")
    namespace.connect(up=False)

    def logged(component: str, words: str) -> bool:
        logs = (namespace.data / "logs").glob(f"{component}*.log")
        return any(words in log.read_text() for log in logs)

    # Both sides notice by themselves: no end of the connection was ever sent.
    wait_until(lambda: logged("central", "the link of machine local is closed"), "a closed link")
    wait_until(lambda: logged("agent", "central: "), "an agent that has noticed")
    namespace.connect(up=True)
    out, err = run.communicate(timeout=100)
    assert run.returncode == 0, err
    assert json.loads(out)["state"] == "done"
    (job,) = (namespace.data / "jobs").iterdir()
    wait_until((job / "acknowledged").exists, "the acknowledgement of the whole job")
    for stream in ("work", "agent"):
        written = [
            json.loads(line) for line in (job / f"{stream}.ndjson").read_bytes().splitlines()
        ]
        assert [event for event in namespace.events() if event["stream"] == stream] == written
    namespace.stop()
