"""What a worker's plugins print comes into its log without the secrets that the agent knows."""

import sys
from pathlib import Path

import anyio
import pytest

from benchrace.agent.jobs.worker_process import Worker
from benchrace.errors import InvalidInput
from benchrace.redaction import SECRETS
from benchrace.web.remote.dial import link_url

PRINTS = """
import os, sys
def write(data):
    os.write(2, data)
    # Answered once it was read: no chunk is joined with the next.
    sys.stdin.readline()
write(b"key plan")
write(b"ted-key-1\\nhttp://user:pw@host \\xff\\n")
write(b"the end is plan")
os.write(2, b"ted-key-1")
"""


async def test_what_is_printed_is_redacted_over_chunks(tmp_path: Path) -> None:
    SECRETS.add("planted-key-1")
    worker = await Worker.start((sys.executable, "-c", PRINTS))
    path = tmp_path / "worker.log"
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.log, path)
            process = worker._process
            assert process.stdin is not None
            for _ in range(3):
                await process.stdin.send(b"\n")
            await worker.wait()
    finally:
        await worker.close()
    data = await anyio.Path(path).read_bytes()
    assert data == b"key [redacted]\nhttp://[redacted]@host \xff\nthe end is [redacted]"
    assert worker.stderr_tail.splitlines()[-1] == "the end is [redacted]"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("user", ["user:secret-pw@", ":secret-pw@", "user@"])
def test_a_user_in_centrals_address_is_refused_and_not_shown(user: str) -> None:
    with pytest.raises(InvalidInput, match="without a user") as caught:
        link_url(f"http://{user}host:8080")
    assert "secret-pw" not in caught.value.message
    assert user not in caught.value.message
