"""Engine plugins have one file layout, which the how-to names."""

import re
from pathlib import Path

# pyproject.toml lies beside the package.
LAYOUT = [
    "__init__",
    "plugin",
    "backend",
    "lane",
    "params",
    "client",
    "config",
    "request",
    "stream",
    "errors",
    "load",
    "preflight",
    "checks",
    "facts",
    "operations",
]


def engines(root: Path) -> list[Path]:
    """Return the packages of plugins whose backend is one for text."""
    backends = root.glob("plugins/*/benchrace_*/backend.py")
    return sorted(path.parent for path in backends if "TextBackend" in path.read_text())


def test_every_engine_plugin_has_every_file_of_the_layout(root: Path) -> None:
    packages = engines(root)
    assert [package.name for package in packages] == [
        "benchrace_llamacpp",
        "benchrace_ollama",
        "benchrace_openai",
    ]
    missing = [
        f"{package.name}/{name}.py"
        for package in packages
        for name in LAYOUT
        if not (package / f"{name}.py").is_file()
    ]
    assert missing == []


def test_the_how_to_names_the_files_of_the_layout(root: Path) -> None:
    page = (root / "docs/how-to/write-an-engine-plugin.md").read_text()
    layout = page[page.index("## Layout") : page.index("## The engine")]
    assert re.findall(r"^\| `(\w+)\.py` \|", layout, re.MULTILINE) == LAYOUT


def test_an_engine_plugin_has_no_table_of_lanes(root: Path) -> None:
    paths = [path for package in engines(root) for path in package.rglob("*.py")]
    assert [path for path in paths if "lane_id" in path.read_text()] == []
