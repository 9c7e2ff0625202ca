"""The reference pages are what the code says now."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import pytest
from msgspec import Meta

from benchrace.cli.main import cli
from benchrace.events.envelope import Known
from benchrace.plugin import spec
from docs.generator import configuration, hooks, http_api, structs
from docs.generator.cli import contexts
from docs.reference import generate


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    committed = generate.HERE / name
    assert committed.read_text() == generate.PAGES[name](), "run `make docs`, and commit the pages"


def test_every_page_of_the_reference_is_generated(root: Path) -> None:
    assert {path.name for path in (root / "docs/reference").glob("*.md")} == set(generate.PAGES)


def test_writing_twice_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path / "docs" / "reference")
    generate.HERE.mkdir(parents=True)
    generate.main()
    assert len(capsys.readouterr().out.splitlines()) == len(generate.PAGES)
    generate.main()
    assert capsys.readouterr().out == ""


def test_every_event_has_a_heading(pages: dict[str, Any]) -> None:
    tags = {str(each.__struct_config__.tag) for each in get_args(Known)}
    assert tags <= pages["docs/reference/events.md"].anchors


def test_every_hook_is_there(pages: dict[str, Any]) -> None:
    named = {name for name in vars(spec) if name.startswith("benchrace_")}
    assert {name for name, _ in hooks.hooks()} == named
    assert named <= pages["docs/reference/hooks.md"].anchors


def test_every_command_is_there(pages: dict[str, Any]) -> None:
    paths = [context.command_path for context in contexts(cli, None)]
    assert {"benchrace race", "benchrace runs reindex", "benchrace agent status"} <= set(paths)
    text = pages["docs/reference/cli.md"].text
    assert [path for path in paths if f"## `{path}`\n" not in text] == []


def test_every_variable_is_explained() -> None:
    assert configuration.variables() == list(configuration.VARIABLES)


def test_every_route_is_there_with_words() -> None:
    agent = {(each.method, each.path) for each in http_api.agent_routes()}
    central = {(each.method, each.path) for each in http_api.central_routes()}
    assert {("GET", "/health"), ("POST", "/jobs"), ("POST", "/api/compute")} <= agent
    assert {("POST", "/api/runs"), ("GET", "/api/machines"), ("POST", "/api/jobs")} <= central


class Inner(msgspec.Struct):
    deep: int


class Asked(msgspec.Struct, kw_only=True):
    one: Annotated[int, Meta(ge=1, le=9, description="A digit | or so.")] = 5
    two: Literal["a", 1] | None = None
    many: tuple[Inner, ...] = ()
    must: dict[str, float]


def test_a_struct_is_a_table() -> None:
    assert structs.fields(Asked).splitlines()[2:] == [
        "| `one` | integer from 1 to 9 | `5` | A digit \\| or so. |",
        '| `two` | `"a"` or `1` or null | `null` |  |',
        "| `many` | list of `Inner` | `[]` |  |",
        "| `must` | object of number | required |  |",
    ]
    assert list(structs.inner(Asked)) == [Inner]
