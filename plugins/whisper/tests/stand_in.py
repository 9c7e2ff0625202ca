"""A server with OpenAI's API of transcriptions, in a thread, over real HTTP."""

import io
import json
import threading
import wave
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, NamedTuple


class Request(NamedTuple):
    """A request for a transcript: its route, fields, file and key."""

    route: str
    fields: dict[str, str]
    wav: bytes
    key: str | None

    @property
    def seconds(self) -> float:
        with wave.open(io.BytesIO(self.wav)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
            return float(file.getnframes() / file.getframerate())


class StandIn:
    """It answers every file with the same words, or as it is told to; `texts` are by model.

    `detailed` false refuses segments, as some of OpenAI's models do. `fail` is a status and a body
    for every transcript, `cut` ends the connection instead, and audio over `longest_s` is never
    answered.
    """

    def __init__(self, *, longest_s: float = 1e9) -> None:
        self.requests: list[Request] = []
        self.models = ["whisper-1"]
        self.text = "hello there"
        self.texts: dict[str, str] = {}
        self.language = "english"
        self.detailed = True
        self.fail: tuple[int, Any] | None = None
        self.cut = False
        self.longest_s = longest_s
        self.over = threading.Event()
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "StandIn":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> tuple[int, Any]:
        """Return status and body of the answer to a request."""
        if self.fail is not None:
            return self.fail
        if request.fields["model"] not in self.models:
            return 404, {
                "error": {"message": f"The model `{request.fields['model']}` is not found"}
            }
        text = self.texts.get(request.fields["model"], self.text)
        if request.fields["response_format"] == "json":
            return 200, {"text": text}
        if not self.detailed:
            return 400, {"error": {"message": "response_format 'verbose_json' is not compatible"}}
        words = text.split()
        step = request.seconds / max(1, len(words))
        segments = [
            {"id": at, "start": at * step, "end": (at + 1) * step, "text": f" {word}"}
            for at, word in enumerate(words)
        ]
        return 200, {"text": text, "language": self.language, "segments": segments}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: ClassVar[StandIn]

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._send(404, {"detail": "Not ModelFiles"})
            return
        self._send(200, {"object": "list", "data": [{"id": name} for name in self.stand_in.models]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields, files = _form(self.headers["Content-Type"], body)
        request = Request(self.path, fields, files["file"], self.headers["Authorization"])
        self.stand_in.requests.append(request)
        if request.seconds > self.stand_in.longest_s:
            self.stand_in.over.wait()
        if self.stand_in.cut or request.seconds > self.stand_in.longest_s:
            self.close_connection = True
            return
        self._send(*self.stand_in.answer(request))

    def log_message(self, *args: Any) -> None:
        return

    def _send(self, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _form(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """Read a multipart form: its fields, and its files."""
    whole: Message = BytesParser().parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in whole.get_payload():
        assert isinstance(part, Message)
        name = str(part.get_param("name", header="content-disposition"))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        if part.get_filename():
            files[name] = data
        else:
            fields[name] = data.decode()
    return fields, files
