"""An engine is here where a process of this machine listens, and nothing passes it on."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchrace.plugin.llm.host import find
from benchrace.testing import RecordingContext

linux = pytest.mark.skipif(sys.platform != "linux", reason="sockets are looked for on Linux")

LISTEN = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@linux
def test_a_process_that_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = find(f"http://localhost:{server.getsockname()[1]}/v1")
    assert found.elsewhere is None
    assert found.proof.startswith("process ")


@linux
def test_a_port_where_nobody_listens_is_elsewhere() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        found = find(f"http://127.0.0.1:{port}")
    assert found.elsewhere == f"nothing listens on port {port} here: it is forwarded"


@linux
def test_a_tunnel_is_no_engine(tmp_path: Path) -> None:
    # Linux names a process after the file that it was started from.
    tunnel = tmp_path / "ssh"
    tunnel.symlink_to(Path(sys.executable).resolve())
    assert shutil.which(str(tunnel))
    with subprocess.Popen(
        [tunnel, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = find(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        process.kill()
    assert found.elsewhere is not None
    assert found.elsewhere.startswith("ssh listens on port ")


def test_another_machine_is_elsewhere() -> None:
    # An address of documentation (TEST-NET-1), that no machine has.
    found = find("http://192.0.2.1:8080")
    assert found.elsewhere == "192.0.2.1 (192.0.2.1) is no address of this machine"


def test_a_name_without_an_address_is_elsewhere() -> None:
    found = find("http://no-such-host.invalid:1")
    assert found.elsewhere is not None
    assert found.elsewhere.startswith("no-such-host.invalid has no address")


@pytest.mark.anyio
async def test_it_is_asked_behind_the_door_to_threads() -> None:
    from benchrace.plugin.llm.host import whereabouts

    found = await whereabouts("http://192.0.2.1:8080", RecordingContext())
    assert found.elsewhere is not None
