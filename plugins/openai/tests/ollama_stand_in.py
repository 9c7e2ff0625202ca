"""The stand-in for Ollama, which speaks OpenAI's API as well, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchrace.testing.limits import HANG_S

FOLDER = Path(__file__).parents[2] / "ollama/tests"


class OllamaStandIn:
    """`tell` sets faults and models; `asked` is what generated or loaded."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    def tell(self, **changes: Any) -> dict[str, Any]:
        data = json.dumps(changes).encode() if changes else None
        with urlopen(Request(f"{self.url}/_stand_in", data=data), timeout=HANG_S) as answer:
            state: dict[str, Any] = json.loads(answer.read())
        return state

    def post(self, path: str, **body: Any) -> None:
        """Ask it as another client does."""
        with urlopen(
            Request(f"{self.url}{path}", data=json.dumps(body).encode()), timeout=HANG_S
        ) as it:
            it.read()

    @property
    def requests(self) -> list[dict[str, Any]]:
        return list(self.tell()["asked"])

    @property
    def resident(self) -> list[str]:
        return [one["name"] for one in self.tell()["resident"]]


@contextmanager
def serving_ollama(*options: str) -> Iterator[OllamaStandIn]:
    """Serve until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "stand_in", *options], cwd=FOLDER, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield OllamaStandIn(process, int(process.stdout.readline()))
        finally:
            process.terminate()
