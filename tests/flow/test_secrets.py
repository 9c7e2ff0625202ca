"""Secrets are planted wherever they can be configured, and searched for in all that comes out."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from benchrace.testing.limits import HANG_S
from tests import local_http
from tests.flow.conftest import Shell

# Each as its file or variable holds it; blanks and newlines around it are no part of it.
PLANTED = {
    "agents": "planted-agents-4d1f\n",
    "operator": " planted-operator-77aa\r\n",
    "api_key": "planted/api+key 9c0e",
    "variable": "planted-variable-51b2\n",
    "word": "planted-word-e9a1",
    "environment": "planted-environment-08cd",
    "url": "planted-url-33fe",
    "unused": "planted-unused-6b7c\n",
}
SECRETS = {name: text.strip() for name, text in PLANTED.items()}
AGENT = """\
machine_id: local
central_token: |
  {agents}
openai:
  - name: echo
    base_url: {engine}
    engine: generic
    api_key: |
      {api_key}
  - name: by-variable
    base_url: {engine}
    api_key_env: PLANTED_BY_NAME
  - name: launched
    base_url: http://127.0.0.1:9
    launch:
      command: [sh, -c, "echo {word} {environment} >&2; exit 3", --api-key, {word}]
      environment: {{ENGINE_API_KEY: {environment}}}
      start_timeout_s: 2
"""


class _Echo(BaseHTTPRequestHandler):
    """An engine that repeats what it was sent, in every place that it has."""

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            key = self.headers.get("Authorization", "")
            self._answer(200, {"data": [{"id": "echo-model", "owned_by": key}]})
        else:
            self._answer(404, self._error())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "fail" in json.dumps(body.get("messages", "")):
            self._answer(401 if "refuse" in json.dumps(body) else 500, self._error())
            return
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        pieces = [{"choices": [{"delta": {"content": f"your key is {key} "}}]} for _ in range(4)]
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        end = {"choices": [{"delta": {}, "finish_reason": "length"}], "usage": usage}
        data = "".join(f"data: {json.dumps(piece)}\n\n" for piece in [*pieces, end])
        self._send(200, "text/event-stream", (data + "data: [DONE]\n\n").encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return

    def _error(self) -> dict[str, object]:
        header = self.headers.get("Authorization", "")
        key = header.removeprefix("Bearer ")
        forms = [header, key, quote(key, safe=""), base64.b64encode(f"u:{key}".encode()).decode()]
        return {"error": {"message": f"no such key: {' '.join(forms)}", "headers": [header]}}

    def _answer(self, status: int, body: object) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, content_type: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Engine", self.headers.get("Authorization", ""))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def engine() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def forms(secret: str) -> set[str]:
    """Return the forms in which a secret must not be found."""
    encoded = base64.b64encode(secret.encode()).decode()
    user = base64.b64encode(f"u:{secret}".encode()).decode()
    # The last characters depend on what follows.
    return {secret, quote(secret), quote(secret, safe=""), encoded[:-4], user[4:-4]}


class Found:
    """All that came out, by where it came from."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add(self, where: str, text: str | bytes) -> str:
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        self.texts[where] = self.texts.get(where, "") + shown
        return shown

    def leaks(self) -> list[str]:
        return [
            f"{name} in {where}: {text[max(0, at - 80) : at + 80]!r}"
            for where, text in self.texts.items()
            for name, secret in SECRETS.items()
            for form in forms(secret)
            if (at := text.find(form)) >= 0
        ]


def call(shell: Shell, outputs: Found, *words: str) -> int:
    done = shell.call(*words)
    outputs.add(" ".join(words[:3]), done.stdout + done.stderr)
    return done.returncode


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_planted_secret_comes_out(tmp_path: Path) -> None:
    shell, outputs = Shell(tmp_path, described=False), Found()
    shell.env |= {
        "PLANTED_BY_NAME": PLANTED["variable"],
        "SOME_SERVICE_API_KEY": PLANTED["unused"],
        "OLLAMA_BASE_URL": f"http://user:{PLANTED['url']}@127.0.0.1:9",
        "BENCHRACE_OPERATOR_TOKEN": PLANTED["operator"],
    }
    try:
        with engine() as url:
            text = AGENT.format(engine=url, **SECRETS)
            (tmp_path / "config/agent.yaml").write_text(text)
            central = _serve(shell, outputs)
            run_id = _race(shell, outputs)
            _ask(central, _url(shell, "agents/local.json"), run_id, outputs)
    finally:
        _stop(shell, outputs)
    for path in sorted(path for path in shell.data.rglob("*") if path.is_file()):
        if path.is_relative_to(shell.data / "engines"):
            continue  # What an engine prints goes into its own file, unread, for its owner alone.
        outputs.add(str(path.relative_to(shell.data)), path.read_bytes())
    kinds = {name.split("/")[0] for name in outputs.texts}
    assert {"runs", "jobs", "logs", "index.sqlite"} <= kinds
    everything = "".join(outputs.texts.values())
    assert "no such key: Bearer [redacted] [redacted]" in everything
    assert "your key is [redacted]" in everything
    assert outputs.leaks() == []


def _serve(shell: Shell, outputs: Found) -> str:
    shell.env["BENCHRACE_TOKEN"] = PLANTED["agents"]
    words = ("central", "start", "--port", "0", "--require-token", "--watch", "everybody")
    assert call(shell, outputs, *words) == 0
    url = _url(shell, "central.json")
    del shell.env["BENCHRACE_TOKEN"]
    assert call(shell, outputs, "agent", "start", "--port", "0", "--central", url) == 0
    shell.env["BENCHRACE_TOKEN"] = PLANTED["operator"]
    return url


def _url(shell: Shell, record: str) -> str:
    return str(json.loads((shell.data / record).read_bytes())["url"])


def _race(shell: Shell, outputs: Found) -> str:
    """Race what answers against what fails in each of the ways that echo; give the run's id."""
    lanes = [
        ("echo", "hello"),
        ("echo", "fail"),
        ("echo", "fail and refuse"),
        ("by-variable", "hello"),
        ("by-variable", "fail"),
        ("launched", "hello"),
    ]
    words = ["run", "--workload", "llm_generate", "--rounds", "1", "-p", "max_tokens=4"]
    for server, prompt in lanes:
        words += ["--lane", f"backend=openai,server={server},model=echo-model,prompt={prompt}"]
    call(shell, outputs, *words)
    call(shell, outputs, "runs", "list", "--central", f"http://user:{SECRETS['url']}@127.0.0.1:9")
    return next((shell.data / "runs").iterdir()).name


def _ask(url: str, agent: str, run_id: str, outputs: Found) -> None:
    """Ask as who may only watch; the agent's own port, too."""
    with local_http.client(url, timeout=HANG_S) as http:
        paths = ["/api/machines", "/api/capabilities", "/api/logs", "/api/runs", "/metrics"]
        paths += [f"/api/logs/{name}" for name in ("central", "agent-local")]
        paths += [f"/api/runs/{run_id}", f"/api/runs/{run_id}/events"]
        for name in ("json", "csv", "markdown", "report", "card", "snippet", "pytest-benchmark"):
            paths.append(f"/api/runs/{run_id}/export.{name}")
        for path in paths:
            answer = http.get(path)
            assert answer.status_code == 200, path
            outputs.add(f"GET {path}", answer.content)
    with local_http.client(agent, timeout=HANG_S) as http:
        for path in ("/capabilities", "/api/status", "/jobs", "/metrics"):
            outputs.add(f"GET the agent's {path}", http.get(path).content)


def _stop(shell: Shell, outputs: Found) -> None:
    for words in (("agent", "logs"), ("agent", "stop"), ("central", "stop")):
        call(shell, outputs, *words)
    for process in shell.processes():
        process.kill()
