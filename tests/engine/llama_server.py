"""llama.cpp's own server, from its wheel, as a process that tests can stop, freeze and kill.

python -m tests.engine.llama_server MODEL PORT [--context N] [--slots N] [--alias NAME]
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

ROOT = Path(__file__).parents[2]
LIMIT_S = 60


@dataclass
class Running:
    """A server that answers, and its process."""

    url: str
    process: "subprocess.Popen[bytes]"
    model: Path

    def idle(self) -> bool:
        """Tell whether no slot works."""
        slots = httpx.get(f"{self.url}/slots", timeout=5, trust_env=False).json()
        return not any(slot["is_processing"] for slot in slots)

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does, and wait for that."""
        self.process.kill()
        self.process.wait()


def command(model: Path, port: int, *, context: int, slots: int, alias: str) -> list[str]:
    """Give the command that serves `model`."""
    return [
        *(sys.executable, "-m", "tests.engine.llama_server", str(model), str(port)),
        *("--context", str(context), "--slots", str(slots), "--alias", alias),
    ]


@contextmanager
def serving(
    model: Path, *, context: int = 2048, slots: int = 1, alias: str = "", port: int = 0
) -> Iterator[Running]:
    """Serve `model` until the block ends, on a free port unless one is named; `context` is
    divided by the slots.
    """
    port = port or free_port()
    words = command(model, port, context=context, slots=slots, alias=alias or model.stem)
    # Not a pipe: nobody reads it, and a server that cannot write what it says hangs.
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        ) as process,
    ):
        running = Running(f"http://127.0.0.1:{port}", process, model)
        try:
            wait_until_it_answers(running, said)
            yield running
        finally:
            process.kill()


def wait_until_it_answers(running: Running, said: IO[bytes]) -> None:
    """Wait for a good answer, and say what the process said if it ends instead."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if running.process.poll() is not None:
            said.seek(0)
            raise AssertionError(said.read()[-2000:].decode())
        try:
            if httpx.get(f"{running.url}/health", timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.02)
    raise AssertionError(f"{running.url} never answered")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def serve(model: str, port: int, context: int, slots: int, alias: str) -> None:
    """Serve until a signal comes; one thread computes, so that other work on the host delays
    tokens and never makes two threads wait for each other.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {alias}
    params.port = port
    params.n_ctx = context
    params.n_parallel = slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.endpoint_slots = True
    params.use_jinja = True
    # Held, or it stops serving; it returns once the model is loaded.
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
    serve(**vars(parser.parse_args()))
