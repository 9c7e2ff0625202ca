"""A server of one file that resumes, cuts, changes and lies, as a test sets it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer:
    """`requests` has path and headers of each request; the others may be changed at any time.

    `cut_after` ends the next answer after as many bytes of its body, once. `stall_after` holds it
    there until `resume` is set.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.etag: str | None = '"v1"'
        self.ranges = True
        self.sends_length = True
        self.chunked = False
        self.lies_about_range = 0
        self.extra: dict[str, str] = {}
        self.status: int | None = None
        self.location: str | None = None
        self.cut_after: int | None = None
        self.stall_after: int | None = None
        self.stalled = threading.Event()
        self.resume = threading.Event()
        self.requests: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_: Any) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/files/model.safetensors"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {key.lower(): value for key, value in handler.headers.items()}
        self.requests.append({":path": handler.path, **headers})
        handler.close_connection = True
        if self.location is not None and not handler.path.startswith("/moved"):
            return self._head(handler, 302, {"Location": self.location, "Content-Length": "0"})
        if self.status is not None:
            return self._head(handler, self.status, {"Content-Length": "0"})
        start = self._start(handler)
        if start is not None and start >= len(self.data):
            headers = {"Content-Range": f"bytes */{len(self.data)}", "Content-Length": "0"}
            return self._head(handler, 416, headers)
        body = self.data[start or 0 :]
        headers = {"ETag": self.etag} if self.etag else {}
        if start is not None:
            shown = start + self.lies_about_range
            headers["Content-Range"] = f"bytes {shown}-{len(self.data) - 1}/{len(self.data)}"
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif self.sends_length:
            headers["Content-Length"] = str(len(body))
        self._head(handler, 200 if start is None else 206, headers | self.extra)
        self._send(handler, body)
        return None

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        cut, self.cut_after = self.cut_after, None
        stall, self.stall_after = self.stall_after, None
        try:
            if self.chunked:
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            if stall is not None:
                handler.wfile.write(body[:stall])
                handler.wfile.flush()
                self.stalled.set()
                self.resume.wait()
                body = body[stall:]
            handler.wfile.write(body if cut is None else body[:cut])
        except OSError:
            return

    def _start(self, handler: BaseHTTPRequestHandler) -> int | None:
        wanted = handler.headers.get("Range")
        condition = handler.headers.get("If-Range")
        if wanted is None or not self.ranges or condition not in (None, self.etag):
            return None
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def _head(self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
        handler.protocol_version = "HTTP/1.1" if self.chunked else "HTTP/1.0"
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.end_headers()

    @contextmanager
    def running(self) -> Iterator["FileServer"]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.resume.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join()
