"""A machine's library in a folder of a test, and a file for it."""

import hashlib
import random
import ssl
from collections.abc import Callable
from pathlib import Path

from benchrace.assets.library import Library, Report
from benchrace.assets.sources.http import HttpSource
from benchrace.assets.sources.source import Source
from benchrace.assets.sources.url_policy import UrlPolicy
from benchrace.assets.store import AssetStore
from benchrace.plugin.assets import Asset
from tests.assets.file_server import FileServer

# More than a single write of a download.
DATA = random.Random(1).randbytes(2_500_000)
DIGEST = hashlib.sha256(DATA).hexdigest()
LOCAL = UrlPolicy(hosts=("models.example",), private_hosts=("127.0.0.1",))


class Machine:
    """A library in a folder, and what it has reported."""

    def __init__(self, root: Path, policy: UrlPolicy = LOCAL) -> None:
        self.store = AssetStore(root / "assets")
        self.steps: list[tuple[float, float | None]] = []
        self.lines: list[str] = []
        self.tokens: dict[str, str] = {}
        self.policy = policy

    def source(self, url: str) -> Source:
        return HttpSource(url, ssl.create_default_context, policy=self.policy, tokens=self.tokens)

    def library(
        self, limit_bytes: int | None = None, on_retry: Callable[[], object] | None = None
    ) -> Library:
        def log(line: str) -> None:
            self.lines.append(line)
            if on_retry is not None and "trying again" in line:
                on_retry()

        report = Report(lambda done, total, _: self.steps.append((done, total)), log)
        return Library(self.store, self.source, report, limit_bytes, pause_s=0)

    @property
    def partials(self) -> list[str]:
        return sorted(path.name for path in self.store.partials.iterdir())


def asset(server: FileServer, **fields: object) -> Asset:
    return Asset(**{"name": "model.safetensors", "url": server.url, **fields})  # type: ignore[arg-type]
