"""Run llama.cpp's own server, from its wheel, as a process that tests can stop, freeze and kill.

python -m tests.engine.llama_server MODEL PORT [--context N] [--slots N] [--alias NAME]
    [--threads N]
"""

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from benchrace.testing.limits import HANG_S

ROOT = Path(__file__).parents[2]
LIMIT_S = 60


@dataclass
class Running:
    """A server that answers, and its process."""

    url: str
    process: "subprocess.Popen[bytes]"
    model: Path

    def idle(self) -> bool:
        """Check whether no slot is busy."""
        slots = httpx.get(f"{self.url}/slots", timeout=HANG_S, trust_env=False).json()
        return not any(slot["is_processing"] for slot in slots)

    def freeze(self) -> None:
        """Suspend the process."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it, like a crash, and wait for its end."""
        self.process.kill()
        self.process.wait()


def command(
    model: Path, port: int, *, context: int, slots: int, alias: str, threads: int = 1
) -> list[str]:
    """Return the command that serves `model`."""
    return [
        *(sys.executable, "-m", "tests.engine.llama_server", str(model), str(port)),
        *("--context", str(context), "--slots", str(slots), "--alias", alias),
        *("--threads", str(threads)),
    ]


@contextmanager
def serving(
    model: Path,
    *,
    context: int = 2048,
    slots: int = 1,
    alias: str = "",
    port: int = 0,
    threads: int = 1,
) -> Iterator[Running]:
    """Serve `model` until the block ends, on a free port unless one is given.

    `context` is divided by the slots.
    """
    port = port or free_port()
    words = command(
        model, port, context=context, slots=slots, alias=alias or model.stem, threads=threads
    )
    # Not a pipe: nobody reads it, and a server whose output blocks hangs.
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=output
        ) as process,
    ):
        running = Running(f"http://127.0.0.1:{port}", process, model)
        try:
            wait_until_it_answers(running, output)
            yield running
        finally:
            process.kill()


def wait_until_it_answers(running: Running, output: IO[bytes]) -> None:
    """Wait for a successful answer; raise with the output of a process that ends instead."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if running.process.poll() is not None:
            output.seek(0)
            raise AssertionError(output.read()[-2000:].decode())
        try:
            if httpx.get(f"{running.url}/health", timeout=HANG_S, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.02)
    raise AssertionError(f"{running.url} never answered")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def serve(model: str, port: int, context: int, slots: int, alias: str, threads: int) -> None:
    """Serve until a signal arrives.

    One thread computes by default, so that other work on the host only delays tokens and never
    makes two threads wait for each other.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {alias}
    params.port = port
    params.n_ctx = context
    params.n_parallel = slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.endpoint_slots = True
    params.use_jinja = True
    # It serves as long as it is referenced; the constructor returns once the model is loaded.
    server = xllamacpp.Server(params)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    del server


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    parser = argparse.ArgumentParser(description="Serve one model.")
    parser.add_argument("model")
    parser.add_argument("port", type=int)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--alias", default="tiny")
    parser.add_argument("--threads", type=int, default=1)
    serve(**vars(parser.parse_args()))
