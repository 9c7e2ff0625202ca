"""No file names a registry: a mirror can stand in for each."""

import re
from pathlib import Path

# Each host in pieces, so that this file does not name it.
HOSTS = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("static", "crates", "io"),
    ("index", "crates", "io"),
    ("proxy", "golang", "org"),
]
REGISTRY = re.compile("|".join(re.escape(".".join(host)) for host in HOSTS))


def test_no_registry_host(tree: list[Path], root: Path) -> None:
    named = [
        f"{path.relative_to(root)}:{number}"
        for path in tree
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if REGISTRY.search(line)
    ]
    assert named == []
