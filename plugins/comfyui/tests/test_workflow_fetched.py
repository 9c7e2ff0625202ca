"""Workflows and images of other hosts come through the machine's store of assets, and its rules."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from benchrace.assets.library import Library, Report
from benchrace.assets.sources.s3 import S3Source
from benchrace.assets.sources.source import Source
from benchrace.assets.store import AssetStore
from benchrace.config.assets.sources import AssetsConfig, S3Config
from benchrace.plugin import BenchraceError, Category
from benchrace.protocol.assets import AssetSetup
from benchrace.testing import RecordingContext
from benchrace.worker.assets import check_readable, source_of
from benchrace_comfyui.plan import Plan
from benchrace_comfyui.workflow import source
from benchrace_comfyui.workflow.preflight import plan

from .harness import EXAMPLES, NEW, workflow_options
from .test_preflight import nodes, server

GRAPH = (EXAMPLES / "sd15-image-to-image.json").read_bytes()
PICTURE = b"\x89PNG-a-picture"


class Machine:
    """A machine with a bucket of objects, and one host on its list."""

    def __init__(self, folder: Path) -> None:
        self.bucket = MemoryStore()
        self.opened: list[str] = []
        self.store = AssetStore(folder)
        s3 = S3Config(input_buckets=("flows", "inputs"))
        config = AssetsConfig(hosts=("hub.example",), s3=s3)
        self._setup = AssetSetup(store=str(folder), config=config)

    def source(self, url: str) -> Source:
        if not url.startswith("s3://"):
            return source_of(url, self._setup, {})
        return S3Source(url, self._store)

    def _store(self, bucket: str) -> MemoryStore:
        self.opened.append(bucket)
        return self.bucket

    async def plan(self, **params: Any) -> Plan:
        context = RecordingContext([])
        context.library = Library(
            self.store,
            self.source,
            Report(context.progress, context.log),
            may_read=partial(check_readable, setup=self._setup),
        )
        return await plan(server(), nodes(NEW), workflow_options(**params), None, context)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "assets")


async def test_a_workflow_and_its_image_come_from_a_bucket_once(machine: Machine) -> None:
    machine.bucket.put("flows/own.json", GRAPH)
    machine.bucket.put("cat.png", PICTURE)
    image = {"node": "10", "source": "s3://inputs/cat.png"}
    for _ in range(2):
        answer = await machine.plan(workflow="s3://flows/flows/own.json", images=[image])
        assert answer.readiness.ready, answer
        assert answer.require().workflow == "s3://flows/flows/own.json"
        assert [upload.data for upload in answer.uploads] == [PICTURE]
    # The second time, the machine has both, until its next run is over.
    assert machine.opened == ["flows", "inputs"]
    assert all(stored.ephemeral for stored in machine.store.all())


@pytest.mark.parametrize(
    ("params", "field", "text"),
    [
        ({"workflow": "https://evil.example/x.json?v=1"}, "workflow", "list of hosts. Add the"),
        ({"workflow": "https://hub.example/x.json?sig=1"}, "workflow", "in `assets.token_env`"),
        ({"workflow": "s3://private/x.json"}, "workflow", "`assets.s3.input_buckets`"),
        ({"workflow": "http://hub.example/x.json"}, "workflow", "is not encrypted"),
        ({"workflow": "s3://Flows/x.json"}, "workflow", "invalid object"),
        ({"workflow": "s3://flows/"}, "workflow", "names no file"),
        ({"workflow": "s3://flows/a/../w.json"}, "workflow", "is empty, '.' or '..'"),
        ({"workflow": f"s3://flows/{'a' * 4000}.json"}, "workflow", "more than 4000 characters"),
        ({"workflow": "s3://flows/a/CON"}, "workflow", "the name is reserved"),
        (
            {"workflow": "{}", "images": [{"node": "1", "source": "https://evil.example/a.png"}]},
            "images[0].source",
            "evil.example is not on this machine's list of hosts",
        ),
    ],
)
async def test_what_the_machine_may_not_fetch_is_refused_by_its_field(
    machine: Machine, params: dict[str, Any], field: str, text: str
) -> None:
    fields = {error.path: error.message for error in (await machine.plan(**params)).fields}
    assert text in fields[field]
    assert machine.opened == []


async def test_a_large_file_is_refused_before_it_comes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", len(GRAPH) - 1)
    machine.bucket.put("own.json", GRAPH)
    (refused,) = (await machine.plan(workflow="s3://flows/own.json")).fields
    assert "own.json has more than" in refused.message


async def test_an_object_that_is_missing_is_no_fault_of_the_parameter(machine: Machine) -> None:
    with pytest.raises(BenchraceError) as raised:
        await machine.plan(workflow="s3://flows/none.json")
    assert raised.value.category is Category.MISSING_ASSET
