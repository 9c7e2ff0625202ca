"""`benchrace agent assets`: what this machine has fetched, listed, pinned and removed."""

import json
from pathlib import Path

import pytest

from benchrace.agent.engines.assets import store_folder
from benchrace.agent.host_lock import HostLock
from benchrace.assets.locking import held_briefly
from benchrace.assets.store import AssetStore, StoredAsset
from tests.assets.test_store import put
from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the lock of the host apart from agents of other tests."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def store(data: Path) -> AssetStore:
    store = AssetStore(store_folder(data, None))
    store.prepare()
    put(store, "old.bin", used_at=1)
    put(store, "new.bin", used_at=2)
    return store


def names(assets: tuple[StoredAsset, ...]) -> list[str]:
    return [asset.name for asset in assets]


def test_the_files_are_listed(call: Call, store: AssetStore) -> None:
    listed = call("agent", "assets", "list")
    assert listed.exit_code == 0
    assert listed.stdout.splitlines()[-1] == f"2 files, 200 B, in {store.root}"
    document = json.loads(call("agent", "assets", "list", "--json").stdout)
    assert [asset["name"] for asset in document["assets"]] == ["new.bin", "old.bin"]


def test_a_pinned_file_stays_when_others_are_pruned(call: Call, store: AssetStore) -> None:
    assert call("agent", "assets", "pin", "old.bin").exit_code == 0
    assert call("agent", "assets", "prune").stdout == "deleted 1 files, 100 B\n"
    assert names(store.all()) == ["old.bin"]
    assert call("agent", "assets", "unpin", "old.bin").exit_code == 0
    assert store.named("old.bin").pinned is False
    assert call("agent", "assets", "remove", "old.bin").exit_code == 0
    assert store.all() == ()


def test_interrupted_downloads_are_listed_and_pruned(call: Call, store: AssetStore) -> None:
    (store.partials / ("1" * 64)).write_bytes(b"123")
    listed = call("agent", "assets", "list").stdout.splitlines()
    assert listed[-2] == "unfinished download 111111111111  3 B"
    assert call("agent", "assets", "prune", "--gb", "1").stdout == "deleted 0 files, 3 B\n"
    assert store.unfinished() == ()


def test_nothing_is_deleted_while_a_job_measures(call: Call, store: AssetStore) -> None:
    lock = HostLock()
    assert lock.take("agent m, job j") is None
    for command in (["remove", "old.bin"], ["prune"]):
        result = call("agent", "assets", *command)
        assert (result.exit_code, "agent m, job j" in result.stderr) == (1, True)
    lock.release()
    assert len(store.all()) == 2


def test_nothing_is_deleted_while_it_is_fetched(call: Call, store: AssetStore) -> None:
    with held_briefly(store.lock(store.named("old.bin").sha256)):
        result = call("agent", "assets", "remove", "old.bin")
    assert "old.bin is being fetched" in result.stderr
    assert len(store.all()) == 2


def test_an_unknown_name_is_an_error(call: Call, store: AssetStore) -> None:
    result = call("agent", "assets", "pin", "other.bin")
    assert (result.exit_code, "unknown asset 'other.bin'" in result.stderr) == (2, True)


def test_the_folder_of_models_is_used_where_it_is_set(
    call: Call, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/agent.yaml").write_text(f"models_dir: {tmp_path}/models\n")
    document = json.loads(call("agent", "assets", "list", "--json").stdout)
    assert document["folder"] == f"{tmp_path}/models/benchrace-assets"
