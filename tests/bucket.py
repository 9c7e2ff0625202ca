"""An S3-compatible store that answers as it is told, with failures that real ones rarely make."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchrace.config.assets.sources import S3Config
from benchrace.delivery.outbox import Delivery, DeliveryState
from benchrace.delivery.output import UploadedFile, encode

ENVIRON = {"AWS_ACCESS_KEY_ID": "key-of-tests", "AWS_SECRET_ACCESS_KEY": "secret-of-tests"}


def upload_of(url: str, file: UploadedFile) -> Delivery:
    """Return an upload as it is in the outbox."""
    return Delivery(
        key="k",
        subject="j",
        event="job.output",
        url=url,
        destination="s3://out",
        body=encode(file),
        id=1,
        sequence=1,
        queued_at=0,
        since=0,
        state=DeliveryState.PENDING,
        attempts=0,
        next_at=0,
        tried_at=None,
        status=None,
        reason=None,
    )


class Bucket:
    """`answers` are statuses, one for each write; then 200. `objects` has content and type by path.

    `tried` is set with the first write.
    """

    def __init__(self, answers: Sequence[int] = ()) -> None:
        self.answers = list(answers)
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.writes: list[str] = []
        self.tried = threading.Event()
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["content-length"]))
                status = bucket.write(self.path, data, self.headers["content-type"])
                self.answer(status, {"ETag": '"1"', "Content-Length": "0"})

            def do_HEAD(self) -> None:
                stored = bucket.objects.get(self.path)
                size = "0" if stored is None else str(len(stored[0]))
                headers = {"Content-Length": size, "ETag": '"1"'}
                headers["Last-Modified"] = "Thu, 01 Jan 2026 00:00:00 GMT"
                self.answer(404 if stored is None else 200, headers)

            def answer(self, status: int, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def config(self, *buckets: str) -> S3Config:
        return S3Config(endpoint=self.url, output_buckets=buckets)

    def write(self, path: str, data: bytes, media_type: str) -> int:
        self.writes.append(path)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.objects[path] = data, media_type
        self.tried.set()
        return status

    @contextmanager
    def running(self) -> Iterator["Bucket"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
