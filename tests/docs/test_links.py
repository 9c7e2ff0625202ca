"""Every link of the documentation resolves, and every page is linked."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(\s*<?([^)>\s]+)>?\s*\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`[^`\n]*`")


def targets(page: Any) -> list[str]:
    return [one or other for one, other in LINK.findall(CODE.sub("", page.prose))]


def anchors(path: Path, root: Path, pages: dict[str, Any]) -> set[str]:
    """Return the anchors of a page, none for other files."""
    page = pages.get(path.relative_to(root).as_posix())
    return page.anchors if page else set()


def broken(page: Any, root: Path, pages: dict[str, Any]) -> list[str]:
    collected = []
    for target in targets(page):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.path.parent / name).resolve() if name else page.path
        if not path.exists() or (anchor and anchor not in anchors(path, root, pages)):
            collected.append(target)
    return collected


def test_every_link_leads_somewhere(pages: dict[str, Any], root: Path) -> None:
    assert len(pages) > 20
    assert {
        name: result for name, page in pages.items() if (result := broken(page, root, pages))
    } == {}


def test_every_page_is_linked_from_another(pages: dict[str, Any]) -> None:
    linked = {
        (page.path.parent / target.partition("#")[0]).resolve()
        for page in pages.values()
        for target in targets(page)
    }
    lost = [
        name
        for name, page in pages.items()
        if name.startswith("docs/") and name != "docs/README.md" and page.path not in linked
    ]
    assert lost == []


def test_pages_name_no_other_host(pages: dict[str, Any]) -> None:
    hosts = {
        host for page in pages.values() for host in re.findall(r"https?://([\w.-]+)", page.text)
    }
    assert {host for host in hosts if host.islower()} <= {"127.0.0.1", "localhost"}


@pytest.mark.parametrize(
    ("text", "is_broken"),
    [
        ("[a](there.md)", False),
        ("[a](there.md#a-b-c)", False),
        ("[a](there.md#nowhere)", True),
        ("[a](nowhere.md)", True),
        ("![a](nowhere.png)", True),
        ("`[a](nowhere.md)`", False),
    ],
)
def test_a_broken_link_is_seen(
    page: Callable[[str, str], Any], tmp_path: Path, text: str, is_broken: bool
) -> None:
    there, here = page("there.md", "# A `b`, c\n"), page("here.md", text)
    assert bool(broken(here, tmp_path, {"there.md": there})) is is_broken
