"""A central that moves to another address: the agent looks its name up again."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.agent.conftest import FAKE
from tests.agent.fake_central import FakeCentral

pytestmark = pytest.mark.slow

NAME = "central.test"
START = Path(__file__).parents[1] / "agent" / "start_agent.py"


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """Return the `/etc/hosts` of a mount namespace; skip where none can be made."""
    path = tmp_path / "hosts"
    path.write_text(f"127.0.0.1 {NAME}\n")
    command = ["unshare", "-m", "mount", "--bind", str(path), "/etc/hosts"]
    if shutil.which("unshare") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("this user may not make a mount namespace")
    return path


def test_a_name_is_looked_up_again_for_each_link(tmp_path: Path, hosts: Path) -> None:
    with FakeCentral() as first, FakeCentral(first.port, "127.0.0.2") as second:
        settings = {
            "data": str(tmp_path / "data"),
            "machine_id": "m1",
            "label": "Machine 1",
            "port": 0,
            "share_host": True,
            "sampling_s": 0,
            "worker": FAKE,
            "token": "t",
            "central": f"http://{NAME}:{first.port}",
        }
        script = f'mount --bind "{hosts}" /etc/hosts && exec "$@"'
        command = [sys.executable, str(START), msgspec.json.encode(settings).decode()]
        agent = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script, "sh", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            link = first.link().welcome()
            hosts.write_text(f"127.0.0.2 {NAME}\n")
            link.cut()
            second.link().welcome()
        finally:
            agent.kill()
            agent.wait()
