"""Files by digest: which go first, which stay, and how much room there is."""

import errno
import fcntl
import hashlib
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from benchrace.assets import disk, pruning
from benchrace.assets.locking import held, held_briefly
from benchrace.assets.store import AssetStore, StoredAsset
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.plugin.assets import AssetKind
from tests.assets.file_server import FileServer
from tests.assets.machine import DATA, Machine, asset

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def store(tmp_path: Path) -> AssetStore:
    store = AssetStore(tmp_path / "assets")
    store.prepare()
    return store


def put(store: AssetStore, name: str, size: int = 100, **fields: object) -> StoredAsset:
    data = name.encode().ljust(size, b".")
    digest = hashlib.sha256(data).hexdigest()
    store.blob(digest).write_bytes(data)
    return store.add(
        StoredAsset(
            **{  # type: ignore[arg-type]
                "sha256": digest,
                "size": size,
                "name": name,
                "kind": AssetKind.LORA,
                "source": "https://hub.example/x",
                "added_at": 1.0,
                "used_at": 1.0,
                **fields,
            }
        )
    )


def names(assets: tuple[StoredAsset, ...]) -> list[str]:
    return [asset.name for asset in assets]


def test_the_least_recently_used_go_first_and_pinned_ones_never(store: AssetStore) -> None:
    put(store, "old", used_at=1)
    put(store, "older but pinned", used_at=0, pinned=True)
    put(store, "new", used_at=9)
    put(store, "new but ephemeral", used_at=10, ephemeral=True)
    in_use = put(store, "oldest but in use", used_at=0)
    keep = frozenset({in_use.sha256})
    assert names(pruning.prune_to(store, 500, keep)) == []
    assert names(pruning.prune_to(store, 499, keep)) == ["new but ephemeral"]
    assert names(pruning.prune_to(store, 0, keep)) == ["old", "new"]
    assert sorted(names(store.all())) == ["older but pinned", "oldest but in use"]


@pytest.mark.anyio
async def test_what_is_being_placed_is_not_removed(store: AssetStore) -> None:
    asset = put(store, "a", ephemeral=True)
    both = frozenset({asset.sha256, put(store, "b", pinned=True).sha256})
    async with held(store.lock(asset.sha256)):
        assert pruning.prune_to(store, 0) == ()
        assert pruning.remove_ephemeral(store, both) == ()
        assert store.remove(asset) is False
        store.blob(asset.sha256).with_name("0" * 64).write_bytes(b"x")
    assert pruning.remove_ephemeral(store, frozenset()) == ()
    assert names(pruning.remove_ephemeral(store, both)) == ["a"]


def test_what_killed_processes_left_is_swept(store: AssetStore) -> None:
    whole, coming = put(store, "whole"), "1" * 64
    orphan = store.blob("0" * 64)
    orphan.write_bytes(b"12345")
    for name in (coming, f"{coming}.json"):
        (store.partials / name).write_bytes(b"123")
    assert [(left.key, left.size) for left in store.unfinished()] == [(coming, 3)]
    with held_briefly(store.lock("0" * 64)), held_briefly(store.lock(coming)):
        assert store.sweep(partials=True) == 0
    assert store.sweep() == 5
    assert (orphan.exists(), len(store.unfinished())) == (False, 1)
    assert store.sweep(partials=True) == 6
    assert store.unfinished() == ()
    assert store.find(whole.sha256) == whole


def test_a_lock_that_the_system_refuses_is_an_error_in_words(
    store: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(BenchraceError, match="No locks available"):
        put(store, "a")


def test_notes_that_are_no_text_are_none(store: AssetStore) -> None:
    asset = put(store, "a")
    store.learn("address", asset.sha256)
    (store.root / "learned/broken").write_bytes(b"\xff\xfe")
    assert (store.learned("broken"), store.learned("address")) == (None, asset.sha256)
    assert store.remove(asset)
    assert store.learned("address") is None


@pytest.mark.anyio
async def test_no_file_of_a_request_goes_for_another_one(
    machine: Machine, server: FileServer
) -> None:
    machine.store.prepare()
    put(machine.store, "old", 1_000_000)
    library = machine.library(limit_bytes=len(DATA))
    first = await library.fetch(asset(server))
    server.data, server.etag = DATA[::-1], '"v2"'
    await library.fetch(asset(server, url=f"{server.url}?second", name="second"))
    assert sorted(names(machine.store.all())) == ["model.safetensors", "second"]
    # Another request, later, keeps to the limit.
    await machine.library(limit_bytes=len(DATA)).fetch(asset(server, sha256=first.sha256))
    assert names(machine.store.all()) == ["model.safetensors"]


def test_a_truncated_or_unrecorded_file_counts_as_absent(store: AssetStore) -> None:
    asset = put(store, "a")
    store.blob(asset.sha256).write_bytes(b"short")
    assert (store.find(asset.sha256), store.all()) == (None, ())
    (store.root / "records" / f"{put(store, 'b').sha256}.json").write_text("{")
    assert store.all() == ()


def test_who_wants_to_keep_a_file_decides(store: AssetStore) -> None:
    put(store, "a", ephemeral=True)
    pinned = put(store, "a", pinned=True)
    assert (pinned.ephemeral, pinned.pinned) == (False, True)
    assert put(store, "a", ephemeral=True) == pinned


def test_names_and_beginnings_of_digests_find_one_file(store: AssetStore) -> None:
    asset, _ = put(store, "a"), put(store, "twice", 10)
    put(store, "twice", 20)
    assert store.named("a") == store.named(asset.sha256[:8].upper()) == asset
    with pytest.raises(NotFound, match="several assets match"):
        store.named("twice")
    with pytest.raises(NotFound, match="unknown asset"):
        store.named(asset.sha256[:7])


@pytest.mark.anyio
async def test_room_is_looked_for_before_the_first_byte(
    machine: Machine, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.store.prepare()
    put(machine.store, "old", 1_000_000)
    put(machine.store, "pinned", 1_000_000, pinned=True)
    room = len(DATA) - 1_000_001

    def usage(_: Path) -> Usage:
        gone = sum(asset.size for asset in machine.store.all())
        return Usage(0, 0, disk.RESERVE_BYTES + room + 2_000_000 - gone)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(BenchraceError) as raised:
        await machine.library().fetch(asset(server))
    assert raised.value.category is Category.DISK_FULL
    assert "are kept free" in raised.value.message
    # Not enough even without the old one: nothing was removed in vain.
    assert len(machine.store.all()) == 2
    room += 1
    await machine.library().fetch(asset(server))
    assert sorted(names(machine.store.all())) == ["model.safetensors", "pinned"]


@pytest.mark.anyio
async def test_a_limit_is_kept_after_each_download(machine: Machine, server: FileServer) -> None:
    machine.store.prepare()
    put(machine.store, "old", 1_000_000)
    await machine.library(limit_bytes=len(DATA)).fetch(asset(server))
    assert names(machine.store.all()) == ["model.safetensors"]
    assert machine.lines[-1] == "old: removed to stay within the limit"


@pytest.mark.anyio
async def test_room_is_looked_for_as_bytes_come_where_no_size_was_sent(
    machine: Machine, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.chunked, server.sends_length = True, False

    def usage(_: Path) -> Usage:
        came = sum(path.stat().st_size for path in machine.store.partials.iterdir())
        return Usage(0, 0, disk.RESERVE_BYTES + 1_500_000 - came)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(BenchraceError) as raised:
        await machine.library().fetch(asset(server))
    assert raised.value.category is Category.DISK_FULL
    assert machine.store.all() == ()
