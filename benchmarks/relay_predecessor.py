"""The predecessor's central: a Flask-SocketIO server that sends each viewer a frame for each event.

    python -m benchmarks.relay_predecessor AGENT_URL

It hears its agent over a WebSocket, one message for each event. Prints its port.
"""

import json
import socket
import sys

INSTALL = ".venv/bin/uv pip install --constraints constraints.txt --group bench"
# No pings: the viewers of the benchmark only read.
PING_S = 3600


def main() -> None:
    """Serve until killed."""
    try:
        from flask import Flask
        from flask_socketio import SocketIO
    except ImportError as error:
        raise SystemExit(f"{error.name} is not installed; run `{INSTALL}`") from error
    from websockets.sync.client import connect

    app = Flask(__name__)
    relay = SocketIO(app, async_mode="threading", ping_interval=PING_S)

    def receive() -> None:
        with connect(sys.argv[1], proxy=None, compression=None, ping_interval=None) as agent:
            for message in agent:
                relay.emit("runtime_event", json.loads(message))

    relay.start_background_task(receive)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    print(port, flush=True)
    relay.run(app, "127.0.0.1", port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    main()
