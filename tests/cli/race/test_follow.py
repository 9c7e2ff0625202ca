"""Following a run: a Ctrl-C cancels it, whenever it comes."""

import io
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from benchrace.cli.connect.client import Client
from benchrace.cli.output.interrupt import Interrupted
from benchrace.cli.output.screen import phases
from benchrace.cli.race import follow, footnotes, live
from benchrace.errors import BenchraceError, Category
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState


class Interrupting:
    """A client whose user presses Ctrl-C while the run's document is read for the first time."""

    def __init__(self) -> None:
        self.posts: list[str] = []
        self.reads = 0

    def queue(self, run_id: str) -> Any:
        return type("Turn", (), {"state": RunState.RUNNING})

    def document(self, run_id: str) -> Any:
        self.reads += 1
        if self.reads == 1:
            raise Interrupted(signal.SIGINT)
        return "the document"

    def post(self, path: str, body: object) -> None:
        self.posts.append(path)


def test_ctrl_c_while_the_document_is_read_cancels_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footnotes, "heading", str)
    client, screen = Interrupting(), Console(file=io.StringIO())
    with phases(screen) as shown:
        follower = follow.RunFollower(
            cast("Client", client), tmp_path, screen, shown, lambda: False
        )
        monkeypatch.setattr(follow, "RunEvents", lambda *_: ())
        monkeypatch.setattr(live, "view", lambda *_: nullcontext())
        assert cast("object", follower.follow("r1", RunSpec(kind="compute"))) == "the document"
    assert client.posts == ["/api/runs/r1/cancel"]
    assert follower.interrupted is not None


class Lost:
    """A client whose central does not answer."""

    url = "http://127.0.0.1:1"

    def __init__(self) -> None:
        self.requests = 0

    def queue(self, run_id: str) -> Any:
        self.requests += 1
        raise BenchraceError(Category.UNREACHABLE, "connection refused", "Start one.")


def test_a_central_that_ended_with_its_command_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_AWAY_S", float("inf"))
    client, screen = Lost(), Console(file=io.StringIO())
    with phases(screen) as shown:
        follower = follow.RunFollower(
            cast("Client", client), tmp_path, screen, shown, lambda: client.requests == 3
        )
        with pytest.raises(BenchraceError, match="lost central before run r1 finished"):
            follower.follow("r1", RunSpec(kind="compute"))
