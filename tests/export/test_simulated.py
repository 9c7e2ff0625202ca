"""Whatever leaves benchrace says that its machines were simulated."""

import csv
import io

import msgspec
import pytest

from benchrace.cli.race.footnotes import heading
from benchrace.export import link_preview, render
from benchrace.export.formats import FORMATS
from benchrace.run.states import RunState
from tests.export.results import run_document
from tests.export.test_result import printed

# Their field is there in any case.
FIELDS = ("json", "csv", "pytest-benchmark")
TEXTS = [name for name in FORMATS if name != "parquet"]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("state", [RunState.DONE, RunState.RUNNING])
def test_every_format_says_so(name: str, state: RunState) -> None:
    invented = render(name, run_document(state=state, simulated=True)).decode()
    assert "simulated" in invented.lower()
    real = render(name, run_document(state=state)).decode()
    if name not in FIELDS:
        assert "simulated" not in real.lower()


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in FIELDS])
def test_one_without_a_result_says_so(name: str) -> None:
    race = msgspec.structs.replace(run_document(simulated=True), result=None)
    assert "simulated" in render(name, race).decode().lower()


def test_raw_rows_and_the_document_have_a_field() -> None:
    (*rows,) = csv.DictReader(io.StringIO(render("csv", run_document(simulated=True)).decode()))
    assert {row["simulated"].lower() for row in rows} == {"true"}
    assert msgspec.json.decode(render("json", run_document(simulated=True)))["simulated"] is True


def test_terminal_and_link_preview_say_so() -> None:
    race = run_document(simulated=True)
    assert printed(race)[0].startswith("Simulated: small-q8 wins")
    assert heading(race).startswith("simulated k: ")
    assert "Simulated" in link_preview.tags(race)
