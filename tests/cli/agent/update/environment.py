"""An environment that is a folder, and what stands in for the installer and the agent there."""

import json
import os
import shutil
import signal
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import Distribution
from pathlib import Path

from benchrace.cli.agent.update.distributions import installed
from benchrace.cli.service.service import Record
from benchrace.errors import BenchraceError, Category

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def lay_out(site: Path, name: str, version: str) -> None:
    """Write a distribution into a folder of libraries, in place of another version of it."""
    package = name.replace("-", "_")
    for old in site.glob(f"{package}-*.dist-info"):
        shutil.rmtree(old)
    info = site / f"{package}-{version}.dist-info"
    info.mkdir(parents=True)
    (site / package / "__pycache__").mkdir(parents=True, exist_ok=True)
    files = {
        f"{package}/__init__.py": f'__version__ = "{version}"\n',
        f"{package}/__pycache__/__init__.cpython-311.pyc": "compiled",
        f"{info.name}/METADATA": METADATA.format(name=name, version=version),
        f"{info.name}/WHEEL": WHEEL,
        f"{info.name}/INSTALLER": "tests\n",
    }
    for path, text in files.items():
        (site / path).write_text(text)
    record = [*files, f"{info.name}/RECORD"]
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in record))


def write_wheel(folder: Path, name: str, version: str) -> Path:
    """Write a wheel with one module and one command."""
    package = name.replace("-", "_")
    info = f"{package}-{version}.dist-info"
    files = {
        f"{package}/__init__.py": f'def main():\n    print("{version}")\n',
        f"{info}/METADATA": METADATA.format(name=name, version=version),
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": f"[console_scripts]\nstand-in = {package}:main\n",
    }
    path = folder / f"{package}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
        lines = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
        wheel.writestr(f"{info}/RECORD", lines)
    return path


class Environment:
    """Installs by writing into `site`; `new` is what the next installation brings."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.new = {"benchrace": "0.2.0"}
        self.unmet: frozenset[str] = frozenset({"an older problem"})
        self.unmet_after: frozenset[str] = frozenset()
        self.breaks: str | None = None
        for name in ("benchrace", "benchrace-core"):
            lay_out(site, name, "0.1.0")

    def installed(self) -> dict[str, Distribution]:
        return installed([self.site])

    @property
    def versions(self) -> dict[str, str]:
        return {name: one.version for name, one in self.installed().items()}

    def install(self, words: Sequence[str]) -> None:
        if self.breaks == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
        if self.breaks in ("install", "put_back"):
            raise BenchraceError(Category.SYSTEM, "the installer broke")
        for name, version in self.new.items():
            lay_out(self.site, name, version)
        self.unmet |= self.unmet_after

    def put_back(self, wheels: Sequence[Path]) -> None:
        if self.breaks == "put_back":
            raise BenchraceError(Category.SYSTEM, "the installer broke again")
        for wheel in wheels:
            name = wheel.name.partition("-")[0]
            for old in self.site.glob(f"{name}-*.dist-info"):
                shutil.rmtree(old)
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(self.site)

    def uninstall(self, names: Sequence[str]) -> None:
        for name in names:
            for old in self.site.glob(f"{name.replace('-', '_')}-*.dist-info"):
                shutil.rmtree(old)

    def problems(self) -> frozenset[str]:
        return self.unmet


class Process:
    """An agent that answers with `version`, by default the installed one; notes what is done."""

    def __init__(self, environment: Environment, url: str) -> None:
        self.environment = environment
        self.done: list[str] = []
        self.record = Record(url=url, pid=7, instance="i", version="v")
        self.version: str | None = None
        self.busy = False
        self.stays = False
        self.failures: list[str] = []

    def stop(self) -> None:
        self.done.append("stop")
        if self.stays:
            raise BenchraceError(Category.SYSTEM, "agent did not stop")

    def start(self) -> Record | None:
        self.done.append("start")
        if self.failures:
            raise BenchraceError(Category.SYSTEM, self.failures.pop(), "See its log.")
        return self.record

    def health(self) -> dict[str, object]:
        version = self.version or self.environment.versions["benchrace"]
        return {"ok": True, "machine_id": "m", "label": "M", "busy": self.busy, "version": version}


@contextmanager
def serving(environment: Environment) -> Iterator[Process]:
    """Serve the health of an agent in that environment."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(process.health()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        process = Process(environment, f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield process
        server.shutdown()
