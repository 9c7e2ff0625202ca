"""The predecessor's agent: the same events at the same rate, each as a message of a WebSocket.

    python -m benchmarks.relay_source RATE WARMUP_EVENTS EVENTS

Prints its port. The events begin once a line comes on standard input.
"""

import json
import sys
import time
from collections.abc import Callable

from websockets.sync.server import ServerConnection, serve

from benchmarks.relay_load import FILL, created, pace


def main() -> None:
    """Serve one central; it takes as long as that central needs."""
    rate, warmup, events = map(int, sys.argv[1:])

    def flow(central: ServerConnection) -> None:
        sys.stdin.readline()
        for count, counted in ((warmup, False), (events, True)):
            pace(rate, count, lambda: False, _sender(central, counted))

    with serve(flow, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


def _sender(central: ServerConnection, counted: bool) -> Callable[[int], None]:
    def send(count: int) -> None:
        for _ in range(count):
            at_ns = time.monotonic_ns()
            event = {
                "type": "compute_line",
                "run_id": "20261129-120000-abcdef",
                "job_id": "j-0123456789abcdef",
                "machine_id": "bench",
                "lane_id": "l0",
                "round": 0,
                "stream": "work",
                "seq": 0,
                "t_ns": at_ns,
                "timestamp_s": time.time(),
                "payload": {"line": f"{created(counted, at_ns)} {FILL}"},
            }
            central.send(json.dumps(event, separators=(",", ":")))

    return send


if __name__ == "__main__":
    main()
