"""The checks of all Python files hold, and see what they are for."""

from pathlib import Path

import pytest

from tests.shape.checks import (
    CHECKS,
    banned,
    engines,
    first_uses,
    functions,
    odd_negations,
    openings,
    path_patches,
    second_docstrings,
    swallowed,
)
from tests.shape.source import Check, faults, parse

PASSED = "shape/passed"


@pytest.fixture(scope="module")
def tree_faults(
    python_files: list[Path], root: Path, pytestconfig: pytest.Config
) -> dict[Check, list[str]]:
    assert len(python_files) > 500
    passed: set[str] = set(pytestconfig.cache.get(PASSED, []))
    result = faults(root, python_files, CHECKS, passed)
    pytestconfig.cache.set(PASSED, sorted(passed))
    return result


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_tree_has_no_fault(check: Check, tree_faults: dict[Check, list[str]]) -> None:
    assert tree_faults[check] == []


@pytest.mark.parametrize(
    ("check", "text", "is_fault"),
    [
        (banned, "said = 1", True),
        (banned, "for each in rows: pass", True),
        (banned, "[each for each in rows]", True),
        (banned, "def f(told): pass", True),
        (banned, "def known(): pass", True),
        (banned, "self._kept = 1", True),
        (banned, "(found := 1)", True),
        (banned, "class A:\n    given: int", True),
        (banned, "match x:\n    case int() as made: pass", True),
        (banned, "import a as heard", True),
        (banned, "row = found + self.said", False),
        (openings, 'def f():\n    """Tell whether it is."""', True),
        (openings, 'def f():\n    """Return the row."""', False),
        (openings, 'def f():\n    """Letters of a word."""', False),
        (second_docstrings, 'def f():\n    """One."""\n    """Two."""', True),
        (second_docstrings, 'def f():\n    """One."""\n    return 1', False),
        (odd_negations, "f'{text} is no size'", True),
        (odd_negations, "'these are no names'", True),
        (odd_negations, "'there is no run x, and it is no longer open'", False),
    ],
)
def test_a_fault_of_language_is_seen(check: Check, text: str, is_fault: bool) -> None:
    assert bool(list(check(parse(text)))) is is_fault


@pytest.mark.parametrize("body", ["pass", "...", "continue"])
@pytest.mark.parametrize("caught", ["except Exception:", "except BaseException as e:", "except:"])
def test_swallowing_is_seen(caught: str, body: str) -> None:
    text = f"for a in b:\n    try:\n        a()\n    {caught}\n        {body}\n"
    assert [line for line, _ in swallowed(parse(text))] == [4]


def test_a_narrow_or_speaking_handler_is_no_swallowing() -> None:
    text = "try:\n    a()\nexcept KeyError:\n    pass\nexcept Exception:\n    log()\n"
    assert list(swallowed(parse(text))) == []


def test_a_patch_of_the_search_path_is_seen() -> None:
    assert [line for line, _ in path_patches(parse("import sys\nsys.path.insert(0, 'x')\n"))] == [2]


@pytest.mark.parametrize(("name", "lines"), [("run", [1, 2, 3]), ("structs", [])])
def test_a_use_of_a_type_without_its_lock_is_seen(name: str, lines: list[int]) -> None:
    text = "msgspec.convert(a, A)\nmsgspec.json.Decoder(A)\nmsgspec.json.decode(a, type=A)\n"
    text += "msgspec.json.decode(a)\nstructs.convert(a, A)\n"
    assert [line for line, _ in first_uses(parse(text, f"benchrace/{name}.py"))] == lines


@pytest.mark.parametrize(("name", "lines"), [("run", [2]), ("compat/run", []), ("ollama", [1, 2])])
def test_engines_are_seen_in_code_but_not_in_docstrings(name: str, lines: list[int]) -> None:
    text = '"""An engine like ollama."""\nbase = f"{a} ollama"  # as ollama does\n'
    assert sorted({line for line, _ in engines(parse(text, f"benchrace/{name}.py"))}) == lines


def test_python_functions_are_measured() -> None:
    text = "class A:\n    async def b(self):\n        x = 1\n        return x\n"
    assert functions(parse(text)) == [("b", 2, 3)]


def test_a_file_is_looked_at_again_only_after_a_change(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("a = 1\n")
    bad.write_text("said = 1\n")
    passed: set[str] = set()
    for _ in range(2):
        assert [text.partition(":")[0] for text in of(passed, good, bad)] == ["bad.py"]
        assert len(passed) == 1
    assert faults(tmp_path, [good], [openings], set(passed))[openings] == []
    good.write_text("known = 1\n")
    assert [text.partition(":")[0] for text in of(passed, good, bad)] == ["good.py", "bad.py"]


def of(passed: set[str], *files: Path) -> list[str]:
    return faults(files[0].parent, files, [banned], passed)[banned]
