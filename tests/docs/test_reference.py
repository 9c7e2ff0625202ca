"""The reference pages match the code."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import pytest
from msgspec import Meta

from benchrace.cli.main import cli
from benchrace.events.envelope import Known
from benchrace.plugin import hookspecs
from docs.generator import configuration, hooks, http_api, structs, typescript
from docs.generator.cli import contexts
from docs.reference import generate


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    committed = generate.HERE / name
    assert committed.read_text() == generate.PAGES[name](), "run `make docs`, and commit the pages"


def test_the_types_of_the_race_page_are_what_the_api_says(root: Path) -> None:
    committed = {path.name: path.read_text() for path in (root / generate.TYPES).glob("*.ts")}
    assert committed == typescript.render(), "run `make docs`, and commit the types"


def test_two_structs_of_one_name_are_no_type() -> None:
    first = msgspec.defstruct("Same", [("a", int)])
    second = msgspec.defstruct("Same", [("b", int)])
    writer = typescript.Writer([first, second])
    with pytest.raises(ValueError, match="two public classes Same"):
        writer.write([first, second], [])


def test_a_request_may_leave_out_what_an_answer_always_has() -> None:
    fields: list[Any] = [("a", int), ("b", str | None, None)]
    both = msgspec.defstruct("Both", fields, module="benchrace.api.both")
    writer = typescript.Writer([both])
    writer.write([both], [both])
    written = "".join(writer.modules().values())
    assert "export interface Both {\n  a: number;\n  b: string | null;\n}" in written
    assert "export interface BothInput {\n  a: number;\n  b?: string | null;\n}" in written


def test_every_page_of_the_reference_is_generated(root: Path) -> None:
    assert {path.name for path in (root / "docs/reference").glob("*.md")} == set(generate.PAGES)


@pytest.mark.slow
def test_writing_twice_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path / "docs" / "reference")
    generate.HERE.mkdir(parents=True)
    generate.main()
    assert len(capsys.readouterr().out.splitlines()) == len(generate.generated())
    generate.main()
    assert capsys.readouterr().out == ""
    (tmp_path / generate.TYPES / "left_over.ts").touch()
    generate.main()
    assert capsys.readouterr().out == f"deleted {generate.TYPES}/left_over.ts\n"


def test_every_event_has_a_heading(pages: dict[str, Any]) -> None:
    tags = {str(get_arg.__struct_config__.tag) for get_arg in get_args(Known)}
    assert tags <= pages["docs/reference/events.md"].anchors


def test_every_hook_is_there(pages: dict[str, Any]) -> None:
    named = {name for name in vars(hookspecs) if name.startswith("benchrace_")}
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
    agent = {(agent_route.method, agent_route.path) for agent_route in http_api.agent_routes()}
    central = {
        (central_route.method, central_route.path) for central_route in http_api.central_routes()
    }
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
