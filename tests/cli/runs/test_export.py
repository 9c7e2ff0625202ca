"""A stored run, exported by the command line."""

from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from anyio import to_thread
from click.testing import CliRunner, Result

from benchrace.cli.main import cli
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("data")) as central:
        yield central


@pytest.fixture(scope="module")
async def run_id(site: Served) -> str:
    await site.link(FakeAgent())
    return str((await site.over(await site.submit()))["run_id"])


async def export(site: Served, run_id: str, *words: str) -> Result:
    command = ["runs", "export", run_id, "--central", site.url, *words]
    return await to_thread.run_sync(CliRunner().invoke, cli, command)


async def test_a_card_is_written(site: Served, run_id: str, tmp_path: Path) -> None:
    target = tmp_path / "card.svg"
    more = ("--shape", "square", "--theme", "dark", "-o", str(target))
    done = await export(site, run_id, "--format", "card", *more)
    assert done.exit_code == 0, done.output
    look = {"shape": "square", "theme": "dark"}
    answer = await site.http.get(f"/api/runs/{run_id}/card.svg", params=look)
    assert target.read_bytes() == answer.content


@pytest.mark.parametrize("name", ["card", "svg"])
async def test_a_card_is_wide_and_light(site: Served, run_id: str, name: str) -> None:
    done = await export(site, run_id, "--format", name)
    assert done.stdout_bytes == (await site.http.get(f"/api/runs/{run_id}/card.svg")).content
    assert ElementTree.fromstring(done.stdout_bytes).attrib["width"] == "1200"


@pytest.mark.parametrize("name", ["report", "html"])
async def test_a_report_is_one_page(site: Served, run_id: str, name: str) -> None:
    done = await export(site, run_id, "--format", name)
    assert done.exit_code == 0
    assert done.stdout.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "words", [("--shape", "square"), ("--format", "report", "--theme", "dark")]
)
async def test_only_a_card_has_a_shape(site: Served, run_id: str, words: tuple[str, ...]) -> None:
    done = await export(site, run_id, *words)
    assert done.exit_code == 2
    assert "--shape and --theme need --format card" in done.output


async def test_an_unknown_shape_is_named(site: Served, run_id: str) -> None:
    done = await export(site, run_id, "--format", "card", "--shape", "oval")
    assert done.exit_code == 2
    assert "'oval' is not one of 'wide', 'square'" in done.output


async def test_a_run_of_a_central_is_on_its_page(site: Served, run_id: str) -> None:
    for where in (["--central", site.url], ["--data-dir", str(site.data)]):
        command = ["runs", "show", run_id, *where]
        shown = await to_thread.run_sync(CliRunner().invoke, cli, command)
        assert shown.exit_code == 0, shown.output
        assert f"  page        {site.url}/runs/{run_id}\n" in shown.output
        assert "stored in" not in shown.output
        assert "/api/" not in shown.output
