"""The tree as these tests see it: what git knows, and what it does not ignore."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tree(root: Path) -> list[Path]:
    """List every text file of the tree that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    paths = [root / name for name in sorted(set(names))]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


@pytest.fixture(scope="session")
def python_files(tree: list[Path]) -> list[Path]:
    return [path for path in tree if path.suffix == ".py"]


@pytest.fixture(scope="session")
def rust_files(tree: list[Path]) -> list[Path]:
    return [path for path in tree if path.suffix == ".rs"]
