"""ggml-rpc-server, as recorded: one connection at a time; its log waits for the first one.

The environment changes it: RPC_PROTOCOL (e.g. 8.0.0, or `old` for one without a greeting), RPC_FREE
(MiB), RPC_CACHE (its folder with -c), RPC_STARTS (a file that gets a line for each start), RPC_GOOD
(fails at each start after so many).
"""

import os
import socket
import struct
import sys
from pathlib import Path

from . import wire


def main(words: list[str]) -> int:
    options = dict(zip(words[::2], words[1::2], strict=False))
    host, port = options.get("-H", "127.0.0.1"), int(options.get("-p", "50052"))
    protocol = os.environ.get("RPC_PROTOCOL", "7.0.0")
    free = int(os.environ.get("RPC_FREE", "24105"))
    cache = Path(os.environ["RPC_CACHE"]) if "-c" in words else None
    print(f"Starting RPC server v{protocol}\n  endpoint       : {host}:{port}")
    print(f"  local cache    : {cache or 'n/a'}\nDevices:")
    print(f"  CPU: Stand-in (24105 MiB, {free} MiB free)\n  transport      : TCP")
    if (starts := os.environ.get("RPC_STARTS")) is not None:
        with Path(starts).open("a") as file:
            file.write(f"{os.getpid()}\n")
        if len(Path(starts).read_text().split()) > int(os.environ.get("RPC_GOOD", "1000")):
            print("ggml_backend_init failed", file=sys.stderr)
            return 1
    try:
        server = socket.create_server((host, port))
    except OSError:
        sys.stdout.flush()
        print("Failed to create server socket", file=sys.stderr)
        return 0
    while True:
        link, _ = server.accept()
        print("Accepted client connection", flush=True)
        with link:
            serve(link, protocol, free, cache)
        print("Client connection closed", flush=True)


def serve(link: socket.socket, protocol: str, free: int, cache: Path | None) -> None:
    """Answer one client until it leaves."""
    try:
        command = wire.exactly(link, 1)[0]
        if protocol == "old":
            print(f"Unknown command: {command}")
            return
        if command != wire.HELLO:
            print("Expected HELLO command, update client")
            return
        body(link)
        wire.answer(link, bytes(map(int, protocol.split("."))) + bytes(25))
        while True:
            reply(link, wire.exactly(link, 1)[0], free, cache)
    except (wire.Gone, ConnectionError):
        return


def body(link: socket.socket) -> bytes:
    (size,) = struct.unpack("<Q", wire.exactly(link, 8))
    return wire.exactly(link, size)


def reply(link: socket.socket, command: int, free: int, cache: Path | None) -> None:
    data = body(link)
    match command:
        case wire.DEVICES:
            wire.answer(link, struct.pack("<I", 1))
        case wire.MEMORY:
            wire.answer(link, struct.pack("<QQ", free * wire.MIB, 24105 * wire.MIB))
        case wire.SET_TENSOR:
            if cache is not None:
                cache.mkdir(parents=True, exist_ok=True)
                (cache / "weights").write_bytes(data[:1])
        case wire.GET_TENSOR:
            wire.answer(link, bytes(64))
        case wire.SET_TENSOR_HASH:
            wire.answer(link, bytes([cache is not None and (cache / "weights").exists()]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
