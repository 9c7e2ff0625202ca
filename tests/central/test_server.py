"""A central's start and end: one a data folder, one line for what is wrong, clean at a signal."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchrace.central.server import serve
from benchrace.central.settings import CentralSettings
from benchrace.compat.central import install
from benchrace.config.central import Watching
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.testing.limits import HANG_S
from benchrace.web import connections
from benchrace.web.serving import listen
from tests.central.offer import TOKEN
from tests.central.scripted import FakeAgent
from tests.central.served import SPEC, served
from tests.disk import fill, small_disk

pytestmark = pytest.mark.slow

OPERATOR = "the operators token"
PROGRAM = """
import os
import sys
from collections.abc import Iterator
from pathlib import Path
import anyio
from benchrace.central.server import serve
from benchrace.central.settings import CentralSettings
from benchrace.errors import BenchraceError
from benchrace.worker.parent import die_with_parent

# Tests that are killed clean nothing up.
die_with_parent(os.getppid())
settings = CentralSettings(data=Path(sys.argv[1]), port=int(sys.argv[2]))
try:
    anyio.run(lambda: serve(settings, ready=lambda url: print(url, flush=True)))
except BenchraceError as error:
    sys.exit(error.message)
"""


def start(data: Path, port: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_signal_ends_it_and_its_record(tmp_path: Path) -> None:
    process = start(tmp_path)
    url = address(process)
    record = json.loads((tmp_path / "central.json").read_text())
    assert (record["url"], record["pid"]) == (url, process.pid)
    assert (tmp_path / "central.json").stat().st_mode & 0o777 == 0o600
    assert httpx.get(url + "/health", trust_env=False).json()["instance"] == record["instance"]
    process.send_signal(signal.SIGTERM)
    _, output = process.communicate(timeout=HANG_S)
    assert process.returncode == 0
    assert not (tmp_path / "central.json").exists()
    (token,) = [line.split()[-1] for line in output.splitlines() if "shown only once" in line]
    stored = (tmp_path / "central" / "token.sha256").read_text()
    assert token not in stored
    assert len(token) >= 40


def test_a_second_central_on_the_same_data_says_so_in_one_line(tmp_path: Path) -> None:
    first = start(tmp_path)
    address(first)
    second = start(tmp_path)
    _, output = second.communicate(timeout=HANG_S)
    assert second.returncode == 1
    assert output.strip() == f"a central already serves the data folder {tmp_path}"
    first.kill()
    first.communicate()
    third = start(tmp_path)  # A lock dies with its holder.
    assert address(third).startswith("http://127.0.0.1:")
    third.terminate()
    third.communicate(timeout=HANG_S)


def test_a_used_port_is_one_line(tmp_path: Path) -> None:
    listener = listen("127.0.0.1", 0)
    process = start(tmp_path, listener.port)
    _, output = process.communicate(timeout=HANG_S)
    listener.sock.close()
    assert process.returncode == 1
    assert output.strip() == f"port {listener.port} of 127.0.0.1 is in use by another program"


async def test_a_data_folder_that_is_none_is_refused_before_binding(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for data in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none")):
        with pytest.raises(BenchraceError, match="cannot be used") as caught:
            await serve(CentralSettings(data=data, port=0))
        assert caught.value.category is Category.SYSTEM
        assert "\n" not in caught.value.message


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "ro,size=64k") as disk:
        yield disk


async def test_a_read_only_data_folder_is_refused(read_only: Path) -> None:
    with pytest.raises(BenchraceError, match="Read-only file system"):
        await serve(CentralSettings(data=read_only, port=0))


async def test_any_other_address_asks_people_for_the_operators_token(tmp_path: Path) -> None:
    async with served(tmp_path, host="0.0.0.0", operator_token=OPERATOR) as site:
        assert (await site.http.get("/health")).status_code == 200
        assert (await site.http.get("/api/runs")).status_code == 401
        right = {"Authorization": f"Bearer {OPERATOR}"}
        assert (await site.http.get("/api/runs", headers=right)).status_code == 200
        agent = FakeAgent()
        await site.link(agent)  # The link has its token in its hello.


async def test_tokens_that_are_made_are_shown_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for shown in (3, 0):
        async with served(tmp_path, host="0.0.0.0", token=None, watch=Watching.TOKEN):
            output = capsys.readouterr().err
        tokens = [line.split()[-1] for line in output.splitlines() if "shown only once" in line]
        assert len(set(tokens)) == shown
        stored = [path.read_text() for path in (tmp_path / "central").glob("*.sha256")]
        assert len(stored) == 3
        assert not any(token in text for token in tokens for text in stored)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"operator_token": "short"}, "operator_token: the token has 5 characters"),
        ({"watch_token": "elevenchars"}, "watch_token: the token has 11 characters"),
        ({"service_token": "seven77"}, "SERVICE_CONTROL_TOKEN: the token has 7 characters"),
        ({"operator_token": TOKEN}, "are the same"),
        ({"service_token": TOKEN}, "are the same"),
        ({"watch_token": OPERATOR, "service_token": OPERATOR}, "are the same"),
        ({"operator_token": OPERATOR, "watch_token": OPERATOR}, "are the same"),
    ],
)
async def test_tokens_that_would_let_in_the_wrong_ones_are_refused(
    tmp_path: Path, options: dict[str, str], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        await serve(CentralSettings(data=tmp_path, port=0, token=TOKEN, **options))  # type: ignore[arg-type]


async def test_a_short_agents_token_is_refused_with_a_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="BENCHRACE_TOKEN") as raised:
        await serve(CentralSettings(data=tmp_path, port=0, token="sesame"))
    assert "token_urlsafe" in raised.value.remedy


async def test_the_operator_may_control_services_with_the_one_token(tmp_path: Path) -> None:
    same: dict[str, Any] = {"operator_token": OPERATOR, "service_token": OPERATOR}
    async with served(tmp_path, require_token=True, **same) as site:
        shown = {"Authorization": f"Bearer {OPERATOR}"}
        assert (await site.http.get("/api/runs", headers=shown)).status_code == 200


@pytest.mark.parametrize("whose", ["agent token", "watcher token"])
async def test_a_token_that_is_kept_cannot_be_the_operators_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], whose: str
) -> None:
    request: dict[str, Any] = {"require_token": True, "token": None, "watch": Watching.TOKEN}
    async with served(tmp_path, operator_token=OPERATOR, **request):
        output = capsys.readouterr().err
    (token,) = [line.split()[-1] for line in output.splitlines() if whose in line]
    settings = CentralSettings(data=tmp_path, port=0, operator_token=token, **request)
    with pytest.raises(InvalidInput, match="are the same"):
        await serve(settings)


async def test_a_socket_to_nowhere_is_not_found_and_no_fault_of_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path, extend=install) as site:
        for path in ("/nowhere", "/api/runs", "/api/v1/link/x", "/"):
            with pytest.raises(InvalidStatus) as raised:
                await connect(site.url.replace("http", "ws") + path, proxy=None)
            assert raised.value.response.status_code == 404
            assert b'"remedy"' in (raised.value.response.body or b"")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_declared_name_is_answered_and_no_other(tmp_path: Path) -> None:
    async with served(tmp_path, hosts=("box.example",)) as site:
        good = await site.http.get("/api/runs", headers={"Host": "Box.example"})
        evil = await site.http.get("/api/runs", headers={"Host": "evil.example"})
        assert (good.status_code, evil.status_code) == (200, 421)


async def test_a_restarted_central_lists_what_the_one_before_it_kept(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        await site.link(FakeAgent())
        document = await site.over(await site.submit(name="kept"))
    (tmp_path / "index.sqlite").unlink()
    async with served(tmp_path) as site:

        async def names() -> list[str]:
            return [run["name"] for run in (await site.get("/api/runs"))["runs"]]

        await site.until(names, (["kept"],))
        again = await site.get(f"/api/runs/{document['run_id']}")
        assert again["lanes"] == document["lanes"]
        summary = tmp_path / "runs" / document["run_id"] / "summary.json"
        summary.unlink()
        refolded = await site.get(f"/api/runs/{document['run_id']}")
        assert refolded == again


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "size=1m") as disk:
        yield disk


async def test_a_full_disk_refuses_new_runs_and_heals_by_itself(disk: Path) -> None:
    async with served(disk) as site:
        await site.link(FakeAgent())
        await site.over(await site.submit())
        fill(disk / "filler")
        refused = await site.http.post("/api/runs", json=SPEC)
        assert (refused.status_code, refused.json()["error"]["category"]) == (507, "disk_full")
        assert (await site.get("/health"))["ok"] is True
        (disk / "filler").unlink()

        async def again() -> int:
            return (await site.http.post("/api/runs", json=SPEC)).status_code

        await site.until(again, (202,))


async def test_a_flood_of_idle_connections_keeps_neither_agents_nor_people_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_LOOPBACK", 60)
    async with served(tmp_path) as site:
        await site.link(FakeAgent("one"))
        host, port = site.url.removeprefix("http://").split(":")
        with contextlib.ExitStack() as held:
            for _ in range(4):
                # Fewer than wait in the kernel: this very loop has to accept them.
                for _ in range(50):
                    held.enter_context(socket.create_connection((host, int(port))))
                await site.get("/health")
            await site.link(FakeAgent("two"))
            machines = (await site.get("/api/machines"))["machines"]
        assert {machine["machine_id"]: machine["state"] for machine in machines} == {
            "one": "ready",
            "two": "ready",
        }
