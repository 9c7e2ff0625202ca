"""Names that are paths, over every route of central, and from a central that means harm."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from benchrace.cli.main import cli
from tests.central.scripted import FakeAgent
from tests.central.served import served
from tests.hostile import NAMES

RUN, DIGEST = "2026-11-24_101500_abcdef", "0" * 64
GOOD: dict[str, Any] = {
    "name": "n",
    "media_type": "t",
    "size": 4,
    "sha256": DIGEST,
    "job_id": "j0123456789abcdef",
    "machine_id": "m1",
    "lane_id": "lane-0",
    "round": 0,
    "state": "stored",
}


def filled(path: str, name: str) -> str:
    raw = quote(name, safe="").replace(".", "%2E")
    return "/".join(raw if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.slow
async def test_no_route_takes_a_path_for_a_name(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("secret")
    async with served(tmp_path / "data") as site:
        await site.link(FakeAgent())
        await site.over(await site.submit())
        before = sorted((tmp_path / "data" / "runs").rglob("*"))
        paths = (await site.get("/openapi.json"))["paths"]
        tried = 0
        for path, methods in paths.items():
            for method in methods if "{" in path else ():
                for name in (str(victim), "../../../victim", *NAMES):
                    if len(name) > 1000 or not name or path.startswith("/assets/"):
                        continue
                    about: Any = {"json": {}, "headers": {"Connection": "close"}}
                    answer = await site.http.request(method, filled(path, name), **about)
                    assert "secret" not in answer.text
                    refused = 400 <= answer.status_code < 500 or answer.status_code == 308
                    # The page's own addresses give the page, whatever is asked for.
                    page = answer.headers.get("content-type", "").startswith("text/html")
                    assert refused or page, (method, path, name, answer.text)
                    tried += 1
        assert tried > 400
        assert sorted((tmp_path / "data" / "runs").rglob("*")) == before
    assert victim.read_text() == "secret"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pipe", "link"])
@pytest.mark.parametrize("name", ["events.ndjson", "metadata.json", "summary.json"])
async def test_a_trap_among_a_runs_files_harms_no_request(
    tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / "victim").write_text('{"secret": 1}\n')
    async with served(tmp_path / "data") as site:
        await site.link(FakeAgent())
        run_id = (await site.over(await site.submit()))["run_id"]
        path = tmp_path / "data" / "runs" / run_id / name
        path.unlink()
        path.symlink_to(tmp_path / "victim") if kind == "link" else os.mkfifo(path)
        for suffix in ("", "/events", "/artifacts", "/export.json", "/export.csv"):
            answer = await site.http.get(f"/api/runs/{run_id}{suffix}")
            assert "secret" not in answer.text
            if answer.status_code != 200:
                assert "not a regular file" in answer.json()["error"]["message"]
        assert (await site.http.get("/health")).status_code == 200
        await site.over(await site.submit())
    # The next one starts beside it too.
    async with served(tmp_path / "data") as site:
        assert len((await site.get("/api/runs"))["runs"]) == 2


class HostileCentral:
    """Answers a list of files as it is told, and the same bytes for each file."""

    def __init__(self) -> None:
        self.files: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listed = self.path.endswith("/artifacts")
                data = json.dumps({"artifacts": outer.files}).encode() if listed else b"evil"
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hostile() -> Iterator[HostileCentral]:
    fake = HostileCentral()
    yield fake
    fake.close()


def export(folder: Path, url: str) -> tuple[int, str]:
    words = ["runs", "export", RUN, "--format", "files", "-o", str(folder), "--central", url]
    done = CliRunner().invoke(cli, words)
    return done.exit_code, done.output + str(done.exception or "")


def test_good_files_are_exported(tmp_path: Path, hostile: HostileCentral) -> None:
    hostile.files = [GOOD]
    assert export(tmp_path / "out", hostile.url)[0] == 0
    (path,) = (tmp_path / "out").iterdir()
    assert (path.name, path.read_bytes()) == ("lane-0_round-0_00000000_n", b"evil")


def test_an_export_writes_nothing_outside_its_folder(
    tmp_path: Path, hostile: HostileCentral
) -> None:
    out = tmp_path / "deep" / "out"
    for field in ("lane_id", "machine_id", "name", "sha256", "job_id"):
        # All names are tried on the value itself; these show that it is what is decoded.
        for name in (str(tmp_path / "planted"), "../planted", "a/b", ""):
            lane = {"lane_id": None} if field == "machine_id" else {}
            hostile.files = [GOOD | lane | {field: name}]
            code, output = export(out, hostile.url)
            assert code == 1, (field, name)
            assert "is not a benchrace central" in output, (field, name, output)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_export_follows_no_link_in_its_folder(tmp_path: Path, hostile: HostileCentral) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim").write_text("mine")
    (out / "lane-0_round-0_00000000_n").symlink_to(tmp_path / "victim")
    hostile.files = [GOOD]
    assert export(out, hostile.url)[0] == 1
    assert (tmp_path / "victim").read_text() == "mine"
