"""A server that is not a central: what commands say of it, and that no token goes astray."""

import importlib
import json
import os
import pkgutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import benchrace
from tests.cli.conftest import Call

TOKEN = "planted-token-0001"
COMMANDS = [
    ("runs", "list"),
    ("runs", "show", "2026-01-01_000000_aaaaaa"),
    ("runs", "export", "2026-01-01_000000_aaaaaa"),
    ("models", "list"),
    ("run", "--workload", "compute", "-p", "n=1000"),
]


class Stranger:
    """A server that answers every request with `status`, `headers` and `body`."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.headers: dict[str, str] = {}
        self.paths: list[str] = []
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stranger.paths.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(stranger.status)
                for name, value in stranger.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(stranger.body)))
                self.end_headers()
                self.wfile.write(stranger.body)

            do_POST = do_GET  # noqa: N815 - the name that the base looks for

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.host = f"127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    server = Stranger()
    yield server
    server.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_redirect_is_refused_in_words(stranger: Stranger, call: Call, command: list[str]) -> None:
    stranger.status = 302
    stranger.headers = {"Location": f"http://user:secret@elsewhere/?token={TOKEN}"}
    url = f"http://user:secret@{stranger.host}"
    done = call(*command, "--central", url, "--token", f"{TOKEN}\n")
    text = done.stdout + done.stderr
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "redirects are not followed" in text
    assert "http://[redacted]@elsewhere/?token=[redacted]" in text
    assert "secret" not in text
    assert TOKEN not in text


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "body", [b"<html>", b"null", b"[]", b'{"x": 1}', b'{"machines": 1}', b'{"a": "\xff"}', b""]
)
def test_an_answer_that_no_central_gives_is_one_failure(
    stranger: Stranger, call: Call, command: list[str], body: bytes
) -> None:
    stranger.body = body
    done = call(*command, "--central", f"http://{stranger.host}")
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code in (1, 2)
    assert "benchrace: " in done.stderr


def test_a_broken_encoding_is_one_failure(stranger: Stranger, call: Call) -> None:
    stranger.headers, stranger.body = {"Content-Encoding": "gzip"}, b"no gzip"
    done = call("runs", "list", "--central", f"http://{stranger.host}")
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1


@pytest.mark.parametrize("token", ["planted\x01inside", "plänted-inside"])
def test_a_token_that_no_header_carries_is_a_bad_argument(call: Call, token: str) -> None:
    done = call("runs", "list", "--central", "http://127.0.0.1:9", "--token", token)
    assert done.exit_code == 2
    assert "BENCHRACE_TOKEN" in done.stderr
    assert "inside" not in done.stderr


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _binary(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\x00\xfe" * 100)


def _empty(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.mark.parametrize("spoil", [_folder, _binary, _empty])
@pytest.mark.parametrize("name", ["token.sha256", "operator.sha256", "agents.json"])
def test_a_garbage_token_file_is_one_failure(
    data: Path, call: Call, name: str, spoil: Callable[[Path], None]
) -> None:
    spoil(data / "central" / name)
    done = call("central", "--port", "0", "--require-token")
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert str(data / "central" / name) in done.stderr.replace("\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    "command",
    [
        ("central", "status"),
        ("central", "start", "--port", "0"),
        ("central", "logs"),
        ("central", "stop"),
        ("agent", "status"),
        ("agent", "start", "--port", "0"),
        ("agent", "jobs", "list"),
        ("runs", "list"),
        ("runs", "show", "2026-01-01_000000_aaaaaa"),
        ("race",),
    ],
)
def test_somebody_elses_data_folder_is_one_failure(
    data: Path, call: Call, command: tuple[str, ...]
) -> None:
    for name in ("central", "agents", "runs", "logs"):
        (data / name).mkdir(parents=True)
    (data / "central.json").write_text(json.dumps({}))
    (data / "central.lock").touch()
    (data.parent / "config").mkdir()
    data.chmod(0o700)
    # The interpreter's own files may be hidden from that user.
    for module in pkgutil.walk_packages(benchrace.__path__, "benchrace."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    os.seteuid(65534)
    try:
        done = call(*command)
    finally:
        os.seteuid(0)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    text = (done.stdout + done.stderr).replace("\n", " ")
    assert done.exit_code == 1
    assert "permission denied" in text.lower()
    assert "--data-dir" in text
