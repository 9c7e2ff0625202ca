"""Real S3-compatible servers, where one is installed; a proxy in front of them cuts connections."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchrace.testing.limits import HANG_S

KEY, SECRET = "bench-access-key", "bench-secret-key-4711"
BUCKET = "models"


def servers() -> dict[str, str]:
    """Return the servers on the path, or in the folder BENCHRACE_S3_BIN, by name."""
    path = os.pathsep.join((os.environ.get("BENCHRACE_S3_BIN", ""), os.environ["PATH"]))
    candidates = {name: shutil.which(name, path=path) for name in ("versitygw", "gofakes3")}
    return {name: program for name, program in candidates.items() if program is not None}


@contextmanager
def running(name: str, program: str, folder: Path) -> Iterator[str]:
    """Start a server with one bucket; yield its address."""
    port = _free_port()
    (folder / BUCKET).mkdir(parents=True)
    commands = {
        "versitygw": [program, "--port", f"127.0.0.1:{port}", "posix", str(folder)],
        "gofakes3": [
            *(program, "-host", f"127.0.0.1:{port}", "-backend", "memory"),
            *("-initialbucket", BUCKET),
        ],
    }
    keys = {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
    with subprocess.Popen(
        commands[name], env=os.environ | keys, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@dataclass
class CuttingProxy:
    """Passes bytes on, and cuts the next answer after `cut_after` bytes, once."""

    target: int
    cut_after: int | None = None
    requests: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client, True))
            back.start()
            self._pass_on(client, server, False)
            back.join()

    def _pass_on(self, source: socket.socket, to: socket.socket, answers: bool) -> None:
        sent = 0
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if not answers:
                    self.requests.append(data)
                to.sendall(data)
                sent += len(data)
                if answers and self.cut_after is not None and sent > self.cut_after:
                    self.cut_after = None
                    break
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + HANG_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise AssertionError(f"no S3 server at port {port}")
