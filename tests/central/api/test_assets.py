"""Files for engines over HTTP: sent in parts, checked, and fetched by agents by range."""

import base64
import errno
import hashlib
import os
import random
import threading
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec
import pytest
from anyio import from_thread, to_thread

from benchrace.api.files.assets import AssetArrived, AssetUpload
from benchrace.assets import disk
from benchrace.central.assets import FOLDER, CentralAssets
from benchrace.store import regular
from benchrace.store.artifacts import Artifacts
from benchrace.testing.limits import HANG_S
from tests.central.served import Served, served

pytestmark = pytest.mark.anyio
DATA = random.Random(2).randbytes(700_000)
SHA = hashlib.sha256(DATA).hexdigest()
UPLOAD = {"sha256": SHA, "size": len(DATA), "name": "base.safetensors", "kind": "checkpoint"}
FILE = f"/api/v1/agents/assets/{SHA}"


async def post(central: Served, path: str, body: dict[str, Any]) -> httpx.Response:
    return await central.http.post(path, json=body)


async def send(central: Served, offset: int, data: bytes) -> httpx.Response:
    body = {"offset": offset, "data": base64.b64encode(data).decode()}
    return await post(central, f"/api/assets/{SHA}/parts", body)


def file_names(data: Path) -> list[str]:
    return sorted(path.name for path in (data / FOLDER).rglob("*") if path.is_file())


async def upload(central: Served) -> None:
    assert (await post(central, "/api/assets", UPLOAD)).json() == {"arrived": 0, "complete": False}
    assert (await send(central, 0, DATA[:500_000])).json()["arrived"] == 500_000
    await send(central, 500_000, DATA[500_000:])
    assert (await post(central, f"/api/assets/{SHA}/finish", UPLOAD)).status_code == 201


async def test_a_file_from_its_upload_to_the_agents(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        await upload(central)
        (entry,) = (await central.get("/api/assets"))["assets"]
        assert entry == UPLOAD | {"added_at": entry["added_at"]}
        whole = await central.http.get(FILE)
        assert (whole.content, whole.headers["etag"]) == (DATA, f'"{SHA}"')
        rest = await central.http.get(FILE, headers={"Range": "bytes=500000-"})
        assert (rest.status_code, rest.content) == (206, DATA[500_000:])
        assert rest.headers["content-range"] == f"bytes 500000-{len(DATA) - 1}/{len(DATA)}"
        other = {"Range": "bytes=500000-", "If-Range": '"other"'}
        assert (await central.http.get(FILE, headers=other)).content == DATA
        behind = await central.http.get(FILE, headers={"Range": f"bytes={len(DATA)}-"})
        assert behind.status_code == 416
        again = await post(central, "/api/assets", UPLOAD | {"name": "renamed.safetensors"})
        assert again.json() == {"arrived": len(DATA), "complete": True}
        (entry,) = (await central.get("/api/assets"))["assets"]
        assert entry["name"] == "renamed.safetensors"
        assert (await central.http.delete(f"/api/assets/{SHA}")).status_code == 204
        assert (await central.get("/api/assets"))["assets"] == []
        assert (await central.http.get(FILE)).status_code == 404
        assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["artifacts"]


async def test_a_file_that_cannot_be_opened_counts_as_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as central:
        await upload(central)
        original = regular.open_regular

        def refuse(path: Path | str, *options: Any, **more: Any) -> int:
            if Path(path).name == SHA:
                raise PermissionError(errno.EACCES, "refused")
            return original(path, *options, **more)

        monkeypatch.setattr(regular, "open_regular", refuse)
        assert (await central.http.get(FILE)).status_code == 404
        assert (await central.get("/api/assets"))["assets"] == []


async def test_an_upload_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        await post(central, "/api/assets", UPLOAD)
        await send(central, 0, DATA[:400_000])
    async with served(tmp_path) as central:
        assert (await post(central, "/api/assets", UPLOAD)).json()["arrived"] == 400_000
        finish = await post(central, f"/api/assets/{SHA}/finish", UPLOAD)
        assert finish.json()["error"]["message"] == "size: 400000 of 700000 bytes have arrived"
        gap = await send(central, 400_001, b"x")
        assert gap.json()["error"]["fields"][0]["path"] == "offset"
        # The same part again, as after an answer that was lost.
        await send(central, 100_000, DATA[100_000:600_000])
        await send(central, 600_000, DATA[600_000:])
        assert (await post(central, f"/api/assets/{SHA}/finish", UPLOAD)).status_code == 201


async def test_a_second_upload_leaves_the_file_of_the_first_whole(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        await post(central, "/api/assets", UPLOAD)
        await send(central, 0, DATA[:500_000])
        # The other client begins where the first one is, and is overtaken.
        assert (await post(central, "/api/assets", UPLOAD)).json()["arrived"] == 500_000
        await send(central, 500_000, DATA[500_000:])
        assert (await post(central, f"/api/assets/{SHA}/finish", UPLOAD)).status_code == 201
        late = await send(central, 500_000, DATA[500_000:600_000])
        assert late.json() == {"arrived": len(DATA), "complete": True}
        assert (await post(central, f"/api/assets/{SHA}/finish", UPLOAD)).status_code == 201
        assert (await central.http.get(FILE)).content == DATA
        assert file_names(tmp_path) == [SHA, f"{SHA}.json"]


async def test_a_part_and_an_end_at_the_same_time_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = CentralAssets(tmp_path)
    announced = msgspec.convert(UPLOAD, AssetUpload)
    await to_thread.run_sync(assets.begin, announced)
    await to_thread.run_sync(assets.receive, SHA, 0, DATA)
    checking, checked = anyio.Event(), threading.Event()
    original = Artifacts.finish

    def finish(self: Artifacts, sha256: str, digest: str | None) -> None:
        # It was hashed while it came.
        assert digest == SHA
        from_thread.run_sync(checking.set)
        assert checked.wait(HANG_S)
        original(self, sha256, digest)

    monkeypatch.setattr(Artifacts, "finish", finish)
    late: list[AssetArrived] = []

    async def send_late() -> None:
        late.append(await to_thread.run_sync(assets.receive, SHA, 5, b"late"))

    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as group:
            group.start_soon(to_thread.run_sync, assets.finish, announced)
            await checking.wait()
            group.start_soon(send_late)
            await anyio.wait_all_tasks_blocked()
            checked.set()
    assert late == [AssetArrived(arrived=len(DATA), complete=True)]
    path = await to_thread.run_sync(assets.path_of, SHA)
    assert path.read_bytes() == DATA


async def test_a_part_without_a_beginning_or_beyond_the_size_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as central:
        early = await send(central, 0, b"x")
        assert early.json()["error"]["message"] == "sha256: no upload of this file has begun"
        assert not (tmp_path / FOLDER).exists()
        await post(central, "/api/assets", UPLOAD)
        await send(central, 0, DATA[:500_000])
        beyond = await send(central, 300_000, DATA[:400_001])
        assert beyond.json()["error"]["message"] == "data: more than the announced 700000 bytes"
        monkeypatch.setattr(disk, "free_bytes", lambda _: 9)
        full = (await send(central, 500_000, DATA[:10])).json()["error"]
        assert (full["category"], "assets remove" in full["remedy"]) == ("disk_full", True)
        other = await post(central, "/api/assets", UPLOAD | {"size": 5})
        assert other.json() == {"arrived": 0, "complete": False}


async def test_what_is_damaged_or_half_there_can_be_deleted_and_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        await upload(central)
        path = tmp_path / FOLDER / "artifacts" / SHA
        os.truncate(path, 5)
        assert (await central.http.get(FILE)).status_code == 404
        await upload(central)
        assert (await central.http.get(FILE)).content == DATA
        wrong = await post(central, "/api/assets", UPLOAD | {"size": 5})
        assert "has 700000 bytes" in wrong.json()["error"]["message"]
        os.truncate(path, 5)
        assert (await central.http.delete(f"/api/assets/{SHA}")).status_code == 204
        await post(central, "/api/assets", UPLOAD)
        await send(central, 0, b"x")
        assert (await central.http.delete(f"/api/assets/{SHA}")).status_code == 204
        assert file_names(tmp_path) == []
        assert (await central.http.delete(f"/api/assets/{SHA}")).status_code == 404


async def test_bytes_of_another_digest_are_dropped(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        await post(central, "/api/assets", UPLOAD)
        await send(central, 0, DATA[:-1] + b"!")
        for start in range(0, len(DATA), 500_000):
            await send(central, start, DATA[start : start + 500_000][::-1])
        finish = await post(central, f"/api/assets/{SHA}/finish", UPLOAD)
        error = finish.json()["error"]
        assert error["category"] == "bad_output"
        assert error["remedy"] == "Upload it again: it changed while it was sent."
        assert (await central.get("/api/assets"))["assets"] == []
        assert (await post(central, "/api/assets", UPLOAD)).json()["arrived"] == 0


async def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    wrong = {"name": "../x", "sha256": "../../x", "size": 0, "kind": "other"}
    async with served(tmp_path) as central:
        for field, value in wrong.items():
            answer = await post(central, "/api/assets", UPLOAD | {field: value})
            assert answer.status_code == 422
            assert {error["path"] for error in answer.json()["error"]["fields"]} == {field}
        odd = await post(central, "/api/assets/..%2f..%2fx/parts", {"offset": 0, "data": "eA=="})
        assert odd.status_code in (404, 422)


async def test_a_disk_without_room_refuses_before_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _: len(DATA) - 1)
    async with served(tmp_path) as central:
        answer = await post(central, "/api/assets", UPLOAD)
        assert (answer.status_code, answer.json()["error"]["category"]) == (507, "disk_full")
