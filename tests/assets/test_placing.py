"""Files in folders of engines: how, under which name, and how they leave again."""

import os
import stat
from pathlib import Path

import pytest

from benchrace.assets import mounts, placing
from benchrace.assets.placing import How
from benchrace.errors import BenchraceError, Category, InvalidInput
from tests.assets.file_server import FileServer
from tests.assets.machine import DATA, DIGEST, Machine, asset

pytestmark = pytest.mark.anyio
SUFFIXED = f"model-{DIGEST[:8]}.safetensors"


class Engine:
    """It lists a file, or does not while it is a link of a kind that it cannot follow."""

    def __init__(self, folder: Path, refuses: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.refuses = refuses
        self.names: list[str] = []

    async def is_listed(self, name: str) -> bool | None:
        self.names.append(name)
        path = self.folder / name
        symlink = path.is_symlink()
        hard = not symlink and path.stat().st_nlink > 1
        kind = "symlink" if symlink else "hard link" if hard else "copy"
        return kind not in self.refuses


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def occupy(folder: Path, data: bytes, name: str = "model.safetensors") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_bytes(data)


def link(folder: Path, blob: Path) -> None:
    folder.mkdir()
    (folder / "model.safetensors").symlink_to(blob)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "engine").mkdir()
    return tmp_path / "engine" / "checkpoints"


@pytest.mark.parametrize(
    ("refuses", "how"),
    [
        ((), "symlink"),
        (("symlink",), "hard link"),
        (("symlink", "hard link"), "copy"),
    ],
)
async def test_the_first_way_that_the_engine_sees_is_used(
    machine: Machine, server: FileServer, folder: Path, refuses: tuple[str, ...], how: str
) -> None:
    engine = Engine(folder, refuses)
    placed = await machine.library().place(asset(server), folder, engine.is_listed)
    assert (placed.how, placed.name, placed.listed) == (how, "model.safetensors", True)
    assert (folder / placed.name).read_bytes() == DATA
    assert names(folder) == ["model.safetensors"]
    # Once more: it is there.
    again = await machine.library().place(asset(server), folder, engine.is_listed)
    assert (again.how, again.name) == ("already there", "model.safetensors")
    machine.store.remove(machine.store.named("model.safetensors"))
    assert names(folder) == []
    assert machine.store.all() == ()


@pytest.mark.parametrize(
    ("refuses", "how"), [(("symlink",), "hard link"), (("symlink", "hard link"), "copy")]
)
async def test_a_file_that_was_placed_while_the_engine_was_down_falls_back(
    machine: Machine, server: FileServer, folder: Path, refuses: tuple[str, ...], how: str
) -> None:
    async def unknown(name: str) -> bool | None:
        return None

    placed = await machine.library().place(asset(server), folder, unknown)
    assert (placed.how, placed.listed) == ("symlink", None)
    placed = await machine.library().place(asset(server), folder, Engine(folder, refuses).is_listed)
    assert (placed.how, placed.name, placed.listed) == (how, "model.safetensors", True)
    assert machine.store.remove(machine.store.named("model.safetensors"))
    assert names(folder) == []


async def test_a_link_that_nobody_recorded_is_recorded(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    await machine.library().fetch(asset(server))
    link(folder, machine.store.blob(DIGEST))
    placed = await machine.library().place(asset(server), folder, Engine(folder).is_listed)
    assert placed.how == "already there"
    (place,) = machine.store.named("model.safetensors").places
    assert (place.path, place.how) == (str(folder / "model.safetensors"), "symlink")


async def test_a_link_to_what_was_deleted_meanwhile_does_not_stay(
    machine: Machine, server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.store, "change", lambda *_: None)
    with pytest.raises(BenchraceError, match="was deleted from the store meanwhile"):
        await machine.library().place(asset(server), folder, Engine(folder).is_listed)
    assert names(folder) == []


async def test_a_file_of_somebody_else_that_is_not_listed_stays(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    occupy(folder, DATA)
    with pytest.raises(BenchraceError, match="does not list"):
        await machine.library().place(asset(server), folder, Engine(folder, ("copy",)).is_listed)
    assert (folder / "model.safetensors").read_bytes() == DATA


async def test_what_a_service_stores_can_be_read_by_the_user_of_an_engine(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    umask = os.umask(0o077)
    try:
        await machine.library().place(
            asset(server), folder, Engine(folder, ("symlink", "hard link")).is_listed
        )
    finally:
        os.umask(umask)
    blob = machine.store.blob(DIGEST)
    modes = {
        path: stat.S_IMODE(path.stat().st_mode)
        for path in (machine.store.root, blob.parent, blob, folder / "model.safetensors")
    }
    assert list(modes.values()) == [0o755, 0o755, 0o644, 0o644]


async def test_a_copy_reports_its_progress_and_clears_what_a_killed_one_left(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    occupy(folder, b"half", f".benchrace-{DIGEST}.0a1b2c3d")
    await machine.library().fetch(asset(server))
    machine.steps.clear()
    engine = Engine(folder, ("symlink", "hard link"))
    await machine.library().place(asset(server), folder, engine.is_listed)
    # The first is of the file that is here already.
    assert machine.steps == [(len(DATA), len(DATA)), (len(DATA), len(DATA))]
    assert names(folder) == ["model.safetensors"]


async def test_an_engine_that_lists_nothing_is_an_error_and_leaves_nothing(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    engine = Engine(folder, ("symlink", "hard link", "copy"))
    with pytest.raises(BenchraceError) as raised:
        await machine.library().place(asset(server), folder, engine.is_listed)
    assert raised.value.category is Category.MISSING_ASSET
    assert names(folder) == []


async def test_a_name_that_is_taken_gets_a_suffix(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    occupy(folder, b"somebody's own")
    engine = Engine(folder)
    placed = await machine.library().place(asset(server), folder, engine.is_listed)
    assert placed.name == SUFFIXED
    occupy(folder, b"another", SUFFIXED)
    placed = await machine.library().place(asset(server), folder, engine.is_listed)
    assert placed.name == f"model-{DIGEST[:8]}-2.safetensors"
    assert (folder / "model.safetensors").read_bytes() == b"somebody's own"


async def test_the_same_file_of_somebody_else_is_used_and_never_removed(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    occupy(folder, DATA)
    placed = await machine.library().place(asset(server), folder, Engine(folder).is_listed)
    assert placed.how == "already there"
    machine.store.remove(machine.store.named("model.safetensors"))
    assert (folder / "model.safetensors").read_bytes() == DATA


async def test_what_replaced_a_file_of_ours_stays(
    machine: Machine, server: FileServer, folder: Path
) -> None:
    await machine.library().place(asset(server), folder, Engine(folder).is_listed)
    occupy(folder, b"new")
    machine.store.remove(machine.store.named("model.safetensors"))
    assert (folder / "model.safetensors").read_bytes() == b"new"


async def test_no_link_and_no_copy_where_a_race_would_read_over_the_network(
    machine: Machine, server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "network_type", lambda place: "nfs4" if place == folder else None)
    engine = Engine(folder, ("symlink", "hard link"))
    with pytest.raises(InvalidInput) as raised:
        await machine.library().place(asset(server), folder, engine.is_listed)
    assert "network file system (nfs4)" in raised.value.message
    monkeypatch.setattr(mounts, "network_type", lambda place: "nfs4")
    with pytest.raises(InvalidInput) as raised:
        await machine.library().fetch(asset(server))
    assert raised.value.fields[0].path == "models_dir"


async def test_a_folder_that_is_not_there_names_the_remedy(
    machine: Machine, server: FileServer, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere" / "checkpoints"
    with pytest.raises(InvalidInput) as raised:
        await machine.library().place(asset(server), nowhere, Engine(nowhere).is_listed)
    assert str(nowhere.parent) in raised.value.message
    assert server.requests == []


def test_links_that_cannot_be_made_fall_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b"x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "not here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    monkeypatch.setattr(os, "link", refuse)
    assert placing.put(blob, tmp_path / "a", How.SYMLINK) is None
    assert placing.put(blob, tmp_path / "a", How.HARD_LINK) is None
    place = placing.put(blob, tmp_path / "a", How.COPY)
    assert place is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "blob"]


def test_a_link_that_another_user_cannot_follow_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = tmp_path / "private" / "blob"
    blob.parent.mkdir(mode=0o700)
    blob.write_bytes(b"x")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    folder = tmp_path / "engine"
    folder.mkdir()
    owner = folder.stat().st_uid
    expected = How.SYMLINK if owner == 0 else None
    place = placing.put(blob, folder / "a", How.SYMLINK)
    assert (None if place is None else place.how) == expected
