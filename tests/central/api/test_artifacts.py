"""Files of rounds over HTTP: never anything that a browser would run."""

import hashlib
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from benchrace.central.settings import ArtifactLimits
from benchrace.config.central import Watching
from benchrace.run.planning.order import Slot
from benchrace.store import thumbnails
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(100))
HTML = b"<html><script>alert(1)</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
FILES = (
    ("seen.png", "image/png", PNG),
    ("heard.wav", "audio/x-wav", WAV),
    ("page.png", "image/png", HTML),
    ("drawn.svg", "image/svg+xml", SVG),
    ("x.html", "text/html\r\nSet-Cookie: a=b", b"<p>" + HTML),
)


class Maker(FakeAgent):
    async def round(self, slot: Slot) -> None:
        await super().round(slot)
        if slot.round == 0:
            for name, media_type, data in FILES:
                self.job.make(slot, name, media_type, data)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def file(central: Served, run_id: str, data: bytes, **more: Any) -> httpx.Response:
    return await central.http.get(f"/api/runs/{run_id}/artifacts/{sha(data)}", **more)


async def listed(central: Served, run_id: str) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = (await central.get(f"/api/runs/{run_id}/artifacts"))["artifacts"]
    return files


async def run_with_files(central: Served) -> str:
    """Run once, and wait until all its files are here."""
    await central.link(Maker())
    run_id = await central.submit(rounds=1, warmup=0)
    await central.over(run_id)

    async def lacking() -> bool:
        return any(artifact["state"] != "stored" for artifact in await listed(central, run_id))

    await central.until(lacking, (False,))
    return run_id


async def test_an_image_or_a_recording_is_shown_and_everything_else_is_a_download(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as central:
        run_id = await run_with_files(central)
        for name, _, data in FILES:
            answer = await file(central, run_id, data)
            assert (answer.status_code, answer.content) == (200, data)
            headers = answer.headers
            shown = {PNG: "image/png", WAV: "audio/wav"}.get(data)
            sandbox = "sandbox" if shown else "sandbox allow-downloads"
            assert headers["content-security-policy"] == f"{sandbox}; default-src 'none'"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-length"] == str(len(data))
            assert "set-cookie" not in headers
            how = "inline" if shown else "attachment"
            assert headers["content-disposition"] == f'{how}; filename="{name}"'
            assert headers["content-type"] == (shown or "application/octet-stream")
        head = await central.http.head(f"/api/runs/{run_id}/artifacts/{sha(PNG)}")
        assert (head.status_code, head.content) == (200, b"")


async def test_a_part_of_a_recording_is_sent_to_a_player_that_seeks(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        run_id = await run_with_files(central)
        ranges = {"bytes=100-": WAV[100:], "bytes=5-9": WAV[5:10], "bytes=-7": WAV[-7:]}
        for wanted, data in ranges.items():
            part = await file(central, run_id, WAV, headers={"Range": wanted})
            assert (part.status_code, part.content) == (206, data)
            assert part.headers["content-length"] == str(len(data))
            assert part.headers["content-type"] == "audio/wav"
            start = WAV.index(data)
            end = start + len(data) - 1
            assert part.headers["content-range"] == f"bytes {start}-{end}/{len(WAV)}"
        for wanted in (f"bytes={len(WAV)}-", "bytes=0-1,4-5", "lines=1-2", "bytes=x-"):
            whole = await file(central, run_id, WAV, headers={"Range": wanted})
            assert (whole.status_code, whole.content) == (200, WAV)
            assert whole.headers["accept-ranges"] == "bytes"


async def test_the_document_lists_them_with_their_state(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        run_id = await run_with_files(central)
        run = await central.get(f"/api/runs/{run_id}")
        assert run["artifacts"] == await listed(central, run_id)
        assert [(artifact["image"], artifact["audio"]) for artifact in run["artifacts"]] == [
            ("image/png", None),
            (None, "audio/wav"),
            (None, None),
            (None, None),
            (None, None),
        ]
        assert run["artifacts"][0] == {
            "name": "seen.png",
            "media_type": "image/png",
            "size": len(PNG),
            "sha256": sha(PNG),
            "job_id": run["lanes"][0]["job_id"],
            "machine_id": "local",
            "lane_id": "lane-0",
            "round": 0,
            "state": "stored",
            "reason": None,
            "image": "image/png",
            "audio": None,
        }
        folder = tmp_path / "runs" / run_id / "artifacts"
        assert {path.name for path in folder.iterdir()} == {sha(data) for _, _, data in FILES}
        assert (await central.http.delete(f"/api/runs/{run_id}")).status_code == 200
        assert not folder.exists()
        assert (await file(central, run_id, PNG)).status_code == 404


async def test_a_404_says_where_the_file_is(tmp_path: Path) -> None:
    limits = ArtifactLimits(file_bytes=90)
    async with served(tmp_path, artifacts=limits) as central:
        agent = Maker()
        agent.piece = lambda ask: b""  # type: ignore[method-assign]
        await central.link(agent)
        run_id = await central.submit(rounds=1, warmup=0)
        await central.over(run_id)
        here = await file(central, run_id, HTML)
        assert here.status_code == 404
        assert "page.png is still on machine local" in here.json()["error"]["message"]
        large = (await file(central, run_id, PNG)).json()["error"]
        assert "has 108 bytes" in large["message"]
        assert f"artifacts/{sha(PNG)}" in large["remedy"]
        unknown = (await file(central, run_id, b"other")).json()["error"]
        assert f"run {run_id} has no artifact" in unknown["message"]


@pytest.mark.parametrize("name", ["..%2f..%2fmetadata.json", "%2e%2e", "A" * 64, "metadata.json"])
async def test_hostile_names_find_nothing(tmp_path: Path, name: str) -> None:
    async with served(tmp_path) as central:
        run_id = await run_with_files(central)
        answer = await central.http.get(f"/api/runs/{run_id}/artifacts/{name}")
        assert answer.status_code == 404
        other = await central.http.get(f"/api/runs/{name}/artifacts/{sha(PNG)}")
        assert other.status_code == 404


async def test_who_watches_may_look_and_who_does_not_may_not(tmp_path: Path) -> None:
    people: dict[str, Any] = {
        "require_token": True,
        "operator_token": "the operator token",
        "watch": Watching.TOKEN,
        "watch_token": "the watcher token",
    }
    async with served(tmp_path, **people) as central:
        central.http.headers["Authorization"] = "Bearer the operator token"
        run_id = await run_with_files(central)
        central.http.headers["Authorization"] = "Bearer the watcher token"
        assert (await file(central, run_id, PNG)).content == PNG
        del central.http.headers["Authorization"]
        assert (await file(central, run_id, PNG)).status_code == 401


async def test_an_event_cannot_name_what_is_no_file(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        agent = FakeAgent(open_gate=anyio.Event())
        await central.link(agent)
        run_id = await central.submit(rounds=1, warmup=0)
        while not agent.jobs:
            await agent.wait()
        slot = agent.job.spec.schedule[0]
        agent.job.make(slot, '../x"; y', "image/png", PNG)
        agent.job.make(slot, "good.png", "x" * 5000, PNG)
        agent.open_gate.set()
        await central.over(run_id)
        (result,) = await listed(central, run_id)
        assert result["name"] == "good.png"
        assert result["media_type"] == "x" * 100


async def test_a_small_copy_is_sent_where_there_is_one_and_else_the_image(tmp_path: Path) -> None:
    async with served(tmp_path) as central:
        run_id = await run_with_files(central)

        async def small(data: bytes) -> httpx.Response:
            return await central.http.get(f"/api/runs/{run_id}/artifacts/{sha(data)}/thumbnail")

        whole = await small(PNG)
        assert (whole.content, whole.headers["content-type"]) == (PNG, "image/png")
        assert whole.headers["cache-control"] == "private, max-age=60"
        for data in (PNG, HTML):
            thumbnails.write(tmp_path / "runs" / run_id, sha(data), b"\xff\xd8\xff-small")
        answer = await small(PNG)
        assert (answer.content, answer.headers["content-type"]) == (
            b"\xff\xd8\xff-small",
            "image/jpeg",
        )
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        # Other files have no thumbnail, whatever the folder holds.
        page = await small(HTML)
        assert (page.content, page.headers["content-type"]) == (HTML, "application/octet-stream")
        missing = await central.http.get(f"/api/runs/{run_id}/artifacts/{'0' * 64}/thumbnail")
        assert missing.status_code == 404
