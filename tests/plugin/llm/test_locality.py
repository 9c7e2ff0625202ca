"""An engine is local if a process of this machine listens, and does not forward connections."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchrace.plugin.llm.locality import find
from benchrace.testing import RecordingContext

linux = pytest.mark.skipif(sys.platform != "linux", reason="sockets are checked on Linux only")

LISTEN = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@linux
def test_a_process_that_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = find(f"http://localhost:{server.getsockname()[1]}/v1")
    assert result.elsewhere is None
    assert result.proof.startswith("process ")


@linux
def test_a_port_where_nobody_listens_is_elsewhere() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        result = find(f"http://127.0.0.1:{port}")
    assert result.elsewhere == f"no local process listens on port {port}: it is forwarded"


@linux
def test_a_tunnel_is_not_an_engine(tmp_path: Path) -> None:
    # Linux names a process after the file that it was started from.
    tunnel = tmp_path / "ssh"
    tunnel.symlink_to(Path(sys.executable).resolve())
    assert shutil.which(str(tunnel))
    with subprocess.Popen(
        [tunnel, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        result = find(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        process.kill()
    assert result.elsewhere is not None
    assert result.elsewhere.startswith("ssh listens on port ")


def test_another_machine_is_elsewhere() -> None:
    # An address of documentation (TEST-NET-1), that no machine has.
    result = find("http://192.0.2.1:8080")
    assert result.elsewhere == "192.0.2.1 (192.0.2.1) is not an address of this machine"


def test_a_name_without_an_address_is_elsewhere() -> None:
    result = find("http://no-such-host.invalid:1")
    assert result.elsewhere is not None
    assert result.elsewhere.startswith("cannot resolve no-such-host.invalid")


@pytest.mark.anyio
async def test_it_is_found_out_in_a_thread() -> None:
    from benchrace.plugin.llm.locality import whereabouts

    result = await whereabouts("http://192.0.2.1:8080", RecordingContext())
    assert result.elsewhere is not None
