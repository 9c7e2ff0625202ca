"""A real agent with the real worker and plugin, one for all the older routes."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from benchrace.testing.limits import HANG_S
from tests import descriptions, local_http

START = Path(__file__).parents[1] / "agent/start_agent.py"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Speak to an agent as an older client would."""
    data = tmp_path_factory.mktemp("data")
    descriptions.lay_out(data)
    settings = {
        "data": str(data),
        "machine_id": "m1",
        "label": "Machine 1",
        "port": 0,
        "share_host": True,
        "defaults": {"sampling_s": 0.2},
    }
    with subprocess.Popen(
        [sys.executable, str(START), msgspec.json.encode(settings).decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with local_http.client(url, timeout=HANG_S) as client:
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
