"""The pages as these tests read them: links, headings, code."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


class Block(NamedTuple):
    language: str
    text: str


class Page:
    """One Markdown file. `prose` is its text without fenced blocks."""

    def __init__(self, path: Path, root: Path = ROOT) -> None:
        self.path = path
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text()
        self.blocks = [Block(*match.groups()) for match in FENCE.finditer(self.text)]
        self.prose = FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        return SPAN.findall(self.prose)

    @property
    def code(self) -> Iterator[str]:
        """Yield every line that a shell could take, from blocks without a language and spans."""
        for block in self.blocks:
            if not block.language:
                yield from block.text.splitlines()
        yield from self.spans

    def code_of(self, language: str) -> list[str]:
        return [block.text for block in self.blocks if block.language == language]

    @property
    def anchors(self) -> set[str]:
        """Return the anchors of headings, as GitHub builds them."""
        collected: set[str] = set()
        for heading in re.findall(r"^#{1,6} (.+)$", self.prose, re.MULTILINE):
            slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            count = 0
            while (page := f"{slug}-{count}" if count else slug) in collected:
                count += 1
            collected.add(page)
        return collected


def _pages() -> list[Page]:
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    paths += [*ROOT.glob("benchrace_core/*.md"), *ROOT.glob("plugins/*/*.md")]
    return [Page(path) for path in sorted(paths)]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str, str], Page]:
    """Return a function that writes a page with a name and a text."""

    def make(name: str, text: str) -> Page:
        (tmp_path / name).write_text(text)
        return Page(tmp_path / name, tmp_path)

    return make


@pytest.fixture(scope="session")
def pages() -> dict[str, Page]:
    return {page.name: page for page in _pages()}
