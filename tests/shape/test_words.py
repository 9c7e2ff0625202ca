"""What must not stand in the tree: registry hosts, engines' names in the core, swallowed errors."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

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

ENGINES = re.compile(
    r"ollama|comfy|llama|vllm|sglang|exllama|koboldcpp|lm_?studio|openai|ctranslate|whispercpp|tensorrt",
    re.IGNORECASE,
)
BROAD = {"Exception", "BaseException"}


def spoken(text: str) -> Iterator[tuple[int, str]]:
    """Yield names and strings with their lines; docstrings and comments may give examples."""
    docstrings = {
        node.body[0].lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node) is not None
    }
    kinds = {tokenize.NAME, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds and token.start[0] not in docstrings:
            yield token.start[0], token.string


def swallowed(text: str) -> Iterator[int]:
    """Yield the line of each handler that catches everything and does nothing."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in BROAD)
        idle = all(
            isinstance(line, ast.Pass | ast.Continue)
            or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            for line in node.body
        )
        if broad and idle:
            yield node.lineno


def path_patches(text: str) -> Iterator[int]:
    """Yield the line of each change of the module search path."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path":
            yield node.lineno


def test_no_registry_host(tree: list[Path], root: Path) -> None:
    named = [
        f"{path.relative_to(root)}:{number}"
        for path in tree
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if REGISTRY.search(line)
    ]
    assert named == []


def test_no_engine_is_named_in_the_core(python_files: list[Path], root: Path) -> None:
    core = [
        path
        for path in python_files
        if path.is_relative_to(root / "benchrace")
        and not path.is_relative_to(root / "benchrace/compat")
    ]
    assert core
    named = [
        f"{path.relative_to(root)}:{line} {word}"
        for path in core
        for line, word in spoken(path.read_text())
        if ENGINES.search(word) or ENGINES.search(path.stem)
    ]
    assert named == []


def test_no_error_is_swallowed(python_files: list[Path], root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{line}"
        for path in python_files
        for line in swallowed(path.read_text())
    ]
    assert found == []


def test_no_search_path_is_patched(python_files: list[Path], root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{line}"
        for path in python_files
        for line in path_patches(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("body", ["pass", "...", "continue"])
@pytest.mark.parametrize("caught", ["except Exception:", "except BaseException as e:", "except:"])
def test_swallowing_is_seen(caught: str, body: str) -> None:
    text = f"for a in b:\n    try:\n        a()\n    {caught}\n        {body}\n"
    assert list(swallowed(text)) == [4]


def test_a_narrow_or_speaking_handler_is_no_swallowing() -> None:
    text = "try:\n    a()\nexcept KeyError:\n    pass\nexcept Exception:\n    log()\n"
    assert list(swallowed(text)) == []


def test_a_patch_of_the_search_path_is_seen() -> None:
    assert list(path_patches("import sys\nsys.path.insert(0, 'x')\n")) == [2]


def test_words_are_heard_in_code_but_not_in_docstrings() -> None:
    text = '"""An engine like ollama."""\nbase = f"{a} ollama"  # as ollama does\n'
    assert [word for _, word in spoken(text) if ENGINES.search(word)] != []
    assert [line for line, word in spoken(text) if ENGINES.search(word)] == [2]
