"""llama-server, as recorded: it greets all workers, binds its port, loads, and answers.

The environment changes it: SERVER_LOAD_S (loads that long), SERVER_STARTS (a file that gets a line
for each start), SERVER_CRASH (aborts while it loads, as if it had lost a worker),
SERVER_CRASH_AFTER (a file that it waits for before that), SERVER_BIND_S (binds its port so late),
SERVER_WEIGHTS (MiB that it sends).
"""

import os
import signal
import socket
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

from . import wire
from .answers import Handler
from .recorded import BUILD, RECORDED, VERSION, A, B
from .state import State

CRASH = (
    "ggml/src/ggml-rpc/ggml-rpc.cpp:569: Remote RPC server crashed or returned malformed response"
)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def abort(line: str) -> None:
    say(line)
    os.abort()


def main(words: list[str]) -> int:
    if "--version" in words:
        say(os.environ.get("SERVER_VERSION", VERSION))
        return 0
    if "--list-devices" in words:
        print("Available devices:")
        return 0
    options = dict(zip(words[::2], words[1::2], strict=False))
    if (unknown := next((w for w in words if w == "--no-such-flag"), None)) is not None:
        say(f"error: invalid argument: {unknown}")
        return 1
    count_start()
    endpoints = [word for word in options.get("--rpc", "").split(",") if word]
    workers = [greet(endpoint) for endpoint in endpoints]
    port = int(options["--port"])
    time.sleep(float(os.environ.get("SERVER_BIND_S", "0")))
    try:
        server = ThreadingHTTPServer((options["--host"], port), Handler)
    except OSError:
        say(f"0.00.004.301 E srv start: couldn't bind HTTP server socket, port: {port}")
        return 1
    state = Handler.state = State(workers, options, lambda: abort(CRASH))
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    threading.Thread(target=load, args=(state, endpoints), daemon=True).start()
    server.serve_forever(0.05)
    return 0


def count_start() -> None:
    if (starts := os.environ.get("SERVER_STARTS")) is not None:
        with Path(starts).open("a") as file:
            file.write(f"{os.getpid()}\n")


def greet(endpoint: str) -> socket.socket:
    """Connect to a worker; waits for ever for one that hangs or is busy, as the real one does."""
    host, _, port = endpoint.rpartition(":")
    try:
        link = socket.create_connection((host, int(port)))
    except OSError:
        abort(f"ggml/src/ggml-rpc/ggml-rpc.cpp:547: Failed to connect to {endpoint}")
        raise
    try:
        greeting = wire.request(link, wire.HELLO, bytes(24))
    except (wire.Gone, ConnectionError):
        abort(CRASH.replace(":569", ":354"))
        raise
    if greeting[0] != 7:
        say(f"RPC server version mismatch: {'.'.join(map(str, greeting[:3]))}")
        abort(f"ggml/src/ggml-rpc/ggml-rpc.cpp:547: Failed to connect to {endpoint}")
    return link


def load(state: State, endpoints: list[str]) -> None:
    """Log what the real one logs, for these workers; without layers on them they hold nothing."""
    if (path := Path(state.options["-m"])).read_bytes()[:4] != b"GGUF":
        for line in RECORDED["bad_starts"]["model file broken"]:
            say(line.replace("/models/bad.gguf", str(path)))
        os._exit(1)
    on_workers = endpoints and state.options.get("-ngl") != "0"
    for line in RECORDED["start_log"]:
        if A in line or B in line:
            if not on_workers or (B in line and len(endpoints) == 1):
                continue
            line = line.replace(A, endpoints[0]).replace(B, endpoints[-1])
        say(line.replace("9/9", "9/9" if on_workers else "0/9"))
    if os.environ.get("SERVER_CRASH"):
        after = os.environ.get("SERVER_CRASH_AFTER")
        while after is not None and not Path(after).exists():
            time.sleep(0.01)
        abort(CRASH)
    send_weights(state)
    end = time.monotonic() + float(os.environ.get("SERVER_LOAD_S", "0"))
    while time.monotonic() < end:
        time.sleep(0.01)
    state.build = os.environ.get("SERVER_BUILD", BUILD)
    state.ready = True


def send_weights(state: State) -> None:
    size = int(os.environ.get("SERVER_WEIGHTS", "0")) * wire.MIB
    for link in state.workers if size else ():
        if not wire.request(link, wire.SET_TENSOR_HASH, bytes(16))[0]:
            wire.send(link, wire.SET_TENSOR, bytes(size))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
