"""The end of a run in the terminal: where its table goes, and how to see it again."""

import io
from collections.abc import Callable

import msgspec
import pytest
from rich.console import Console

from benchrace.cli.race import report as run_end
from benchrace.run.document import RunDocument
from benchrace.run.states import RunState

Race = Callable[..., RunDocument]


def test_a_pipe_loses_no_column_to_a_narrow_environment(race: Race) -> None:
    out = io.StringIO()
    wild = race(labels=("calm", "wild"))
    run_end.report(Console(file=out, width=40), wild, ("stored in", "here"))
    header = next(line for line in out.getvalue().splitlines() if "verdict" in line)
    assert all(title in header for title in ("lane", "95 % interval", "CV", "rounds"))


def test_how_to_see_a_run_again_has_the_options_that_it_needs(
    race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(**chosen: str | None) -> str:
        out = io.StringIO()
        run_end.report(Console(file=out, width=110), race(), ("stored in", "here"), **chosen)
        return next(line for line in out.getvalue().splitlines() if "show again" in line)

    monkeypatch.delenv("BENCHRACE_DATA_DIR", raising=False)
    assert shown().endswith("abcdef")
    assert shown(central="http://c:1").endswith(" --central http://c:1")
    assert shown(data_dir="/other").endswith(" --data-dir /other")
    monkeypatch.setenv("BENCHRACE_DATA_DIR", "/from/environment")
    assert shown().endswith(" --data-dir /from/environment")
    assert shown(central="http://c:1").endswith(" --central http://c:1")


def test_how_to_repeat_a_run_is_shown_where_it_did_not_end_well(
    race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(state: RunState) -> str:
        out = io.StringIO()
        run = msgspec.structs.replace(race(), state=state)
        run_end.report(Console(file=out, width=110), run, ("stored in", "here"), data_dir="/d")
        return out.getvalue()

    monkeypatch.delenv("BENCHRACE_DATA_DIR", raising=False)
    for state in (RunState.FAILED, RunState.INTERRUPTED, RunState.CANCELLED):
        assert "benchrace run --from 2026-01-02_030405_abcdef --data-dir /d" in shown(state)
    assert "--from" not in shown(RunState.DONE)
