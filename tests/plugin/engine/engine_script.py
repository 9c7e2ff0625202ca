"""A fake engine: `python engine_script.py PORT`. It answers 200 after `ENGINE_DELAY_S`."""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

STARTED = time.monotonic()


class Engine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = time.monotonic() - STARTED >= float(os.environ.get("ENGINE_DELAY_S", "0"))
        # A client that disconnects kills an engine that does not ignore SIGPIPE.
        body = str(signal.getsignal(signal.SIGPIPE)).encode()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def main() -> None:
    sys.stdout.write("x" * 6000 + "\nstdout ends\n")
    sys.stderr.write("loading\n")
    sys.stdout.flush()
    if os.environ.get("ENGINE_DIES"):
        sys.stderr.write("no such model\n")
        raise SystemExit(3)
    server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Engine)
    if os.environ.get("ENGINE_STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        ending = threading.Thread(target=server.shutdown)
        signal.signal(signal.SIGTERM, lambda *_: ending.start())
    server.serve_forever()


if __name__ == "__main__":
    main()
