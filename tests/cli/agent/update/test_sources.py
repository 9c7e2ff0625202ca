"""Where a new version comes from: what is checked before anything is installed."""

import errno
import tomllib
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from anyio import to_thread

from benchrace.cli.agent.update.distributions import RELEASED
from benchrace.cli.agent.update.sources import from_central, from_files, from_index
from benchrace.cli.connect.client import Client
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.store import regular
from tests.central.served import Served, served
from tests.cli.agent.update.environment import write_wheel

NAMES = ("benchrace", "benchrace-core")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "central") as central:
        yield central


def test_files_are_compared_with_their_checksums(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "benchrace", "0.2.0")
    folder = tmp_path / "checked"
    folder.mkdir()
    digest = sha256(wheel.read_bytes()).hexdigest()
    for digests in ((), (digest.upper(),), ("0" * 64, digest)):
        words = from_files((wheel,), digests, folder)
        assert words == ("--no-index", str(folder / wheel.name))
    # The copy that was checked, whatever becomes of the file.
    assert sha256((folder / wheel.name).read_bytes()).hexdigest() == digest
    with pytest.raises(InvalidInput, match="is given twice"):
        from_files((wheel, wheel), (), folder)
    with pytest.raises(InvalidInput, match=f"is {digest}: it was not expected"):
        from_files((wheel,), ("0" * 64,), folder)
    for name, why in (("none.whl", "does not exist"), ("a.tar.gz", "not a wheel")):
        (tmp_path / "a.tar.gz").touch()
        with pytest.raises(InvalidInput, match=why):
            from_files((tmp_path / name,), (), folder)


def test_an_index_is_asked_for_one_version_of_benchrace() -> None:
    assert from_index(NAMES, (), None, None) == ("--upgrade", *NAMES)
    words = from_index(NAMES, (), "0.2.0", "http://127.0.0.1:1/simple")
    assert words[1:3] == ("--index-url", "http://127.0.0.1:1/simple")
    assert words[3:] == ("benchrace==0.2.0", "benchrace-core")


def test_an_index_is_not_asked_for_the_plugins_of_others_unless_they_are_named() -> None:
    installed = (*NAMES, "benchrace-inhouse", "benchrace-other")
    words = from_index(installed, ("Benchrace_Other",), None, None)
    assert words == ("--upgrade", *NAMES, "benchrace-other")


def test_the_distributions_that_are_released_together_are_those_of_this_project() -> None:
    root = Path(__file__).parents[4]
    folders = (root, root / "benchrace_core", root / "ui", *root.glob("plugins/*"))
    projects = [folder / "pyproject.toml" for folder in folders]
    names = {
        tomllib.loads(path.read_text())["project"]["name"] for path in projects if path.exists()
    }
    assert names == RELEASED


async def test_centrals_wheels_are_fetched_and_checked(tmp_path: Path, site: Served) -> None:
    folder = tmp_path / "fetched"
    folder.mkdir()

    def fetch() -> tuple[str, ...]:
        with Client(site.url) as client:
            return from_central(client, NAMES, folder)

    with pytest.raises(BenchraceError, match="has no wheel of benchrace") as e:
        await to_thread.run_sync(fetch)
    assert e.value.category is Category.MISSING_ASSET
    store = site.data / "wheels"
    store.mkdir()
    wheels = [write_wheel(store, name, "0.2.0") for name in ("benchrace", "benchrace-other")]
    (store / "benchrace_core-0.2.0-py3-none-any.whl").symlink_to(wheels[0])
    (store / "notes.txt").touch()
    words = await to_thread.run_sync(fetch)
    assert words == ("--no-index", "--upgrade", "--find-links", str(folder), "benchrace")
    # What is not installed here may be a dependency of the new version.
    for wheel in wheels:
        assert (folder / wheel.name).read_bytes() == wheel.read_bytes()
    listed = (await site.get("/api/v1/agents/wheels"))["wheels"]
    assert [wheel["name"] for wheel in listed] == sorted(wheel.name for wheel in wheels)
    for name in ("notes.txt", "none.whl", "benchrace_core-0.2.0-py3-none-any.whl"):
        missing = await site.http.get(f"/api/v1/agents/wheels/{name}")
        assert missing.status_code == 404


async def test_a_wheel_that_cannot_be_opened_is_not_there(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.data / "wheels").mkdir()
    path = f"/api/v1/agents/wheels/{write_wheel(site.data / 'wheels', 'benchrace', '0.2.0').name}"
    assert (await site.http.get(path)).status_code == 200

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "refused")

    monkeypatch.setattr(regular, "open_regular", refuse)
    assert (await site.http.get(path)).status_code == 404


async def test_a_wheel_that_differs_from_the_list_is_refused(
    tmp_path: Path, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.data / "wheels").mkdir()
    write_wheel(site.data / "wheels", "benchrace", "0.2.0")
    monkeypatch.setattr(Client, "data", lambda *_: b"something else")

    def fetch() -> tuple[str, ...]:
        with Client(site.url) as client:
            return from_central(client, NAMES, tmp_path)

    with pytest.raises(BenchraceError, match="was damaged on its way"):
        await to_thread.run_sync(fetch)
