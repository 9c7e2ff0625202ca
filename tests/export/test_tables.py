"""Formats for programs, read back by third-party readers where there are any."""

import csv
import io
import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.errors import BenchraceError, InvalidInput
from benchrace.export import FORMATS, render
from benchrace.export.rows import COLUMNS
from benchrace.run.document import RunDocument, decode

Race = Callable[..., RunDocument]


def read_csv(run: RunDocument) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render("csv", run).decode(), newline="")))


def test_json_is_the_whole_document_and_reads_back_the_same(race: Race) -> None:
    run = race()
    data = render("json", run)
    assert decode(data) == run
    document = json.loads(data)
    assert document["lanes"][0]["summary"]["rate"]["n"] == 3
    assert document["lanes"][1]["rounds"][0]["verdict"] == "SUSPECT"
    assert document["summary"]["lane-0"]["time"] == 1000
    assert (document["winner"], document["standing"]["metric"]) == (run.winner, "rate")


def test_csv_has_a_row_a_round_and_metric(race: Race) -> None:
    rows = read_csv(race())
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == 4 * 2 + 2 * 2 + 1
    first = [row for row in rows if row["lane_id"] == "lane-0" and row["metric"] == "time"]
    assert [(row["round"], row["counted"], float(row["value"])) for row in first] == [
        ("0", "false", 9000),
        ("1", "true", 1000),
        ("2", "true", 1010),
        ("3", "true", 990),
    ]
    assert json.loads(first[0]["params"]) == {"n": 0}
    failed = rows[-1]
    assert (failed["verdict"], failed["metric"], failed["value"]) == ("INVALID", "", "")
    assert failed["error"].startswith("bad_output: ")
    assert rows[-3]["reasons"] == ""
    assert rows[-5]["reasons"] == "hot"


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1"])
def test_csv_text_is_never_a_formula(race: Race, label: str) -> None:
    rows = read_csv(race(labels=(label, "calm")))
    assert rows[0]["label"].startswith("'")
    assert rows[0]["label"][1:].replace("\r", "\n") == label.replace("\r", "\n")


def test_csv_keeps_negative_numbers_and_odd_text(race: Race) -> None:
    rows = read_csv(race(labels=('a,"b"\nc', "lone \ud800")))
    assert rows[0]["label"] == 'a,"b"\nc'
    assert rows[-1]["label"] == "lone ?"


def test_pytest_benchmark_has_its_documented_fields(race: Race) -> None:
    document = json.loads(render("pytest-benchmark", race()))
    assert set(document) == {"machine_info", "commit_info", "benchmarks", "datetime", "version"}
    bench = document["benchmarks"][0]
    assert set(bench) == {
        "group",
        "name",
        "fullname",
        "params",
        "param",
        "extra_info",
        "options",
        "stats",
    }
    assert (bench["name"], bench["param"], bench["params"]) == ("k[calm]", "calm", {"n": 0})
    assert bench["stats"]["data"] == [1.0, 1.01, 0.99]
    assert (bench["stats"]["rounds"], bench["stats"]["median"]) == (3, 1.0)
    assert bench["extra_info"]["metrics"]["rate"]["n"] == 3
    assert document["machine_info"]["cpu"]["model"] == "Fast CPU"
    assert document["machine_info"]["node"] == "m"


def test_a_pytest_benchmark_document_has_no_room_for_what_plugins_offer(race: Race) -> None:
    run = race()
    described = {"name": "engine", "version": "2", "workloads": ["x" * 100_000]}
    backend = {"description": described, "plugin": "p", "engine_version": "0.3"}
    machine = {**run.machines["m"], "plugins": [described], "backends": [backend, 3]}
    full = msgspec.structs.replace(run, machines={"m": machine, "odd": "silent"})
    document = json.loads(render("pytest-benchmark", full))["machine_info"]["machines"]
    assert document["m"]["backends"] == {"engine": {"version": "2", "engine_version": "0.3"}}
    assert document["m"]["hardware"] == run.machines["m"]["hardware"]
    assert "plugins" not in document["m"]
    assert document["odd"] == "silent"
    assert len(render("pytest-benchmark", full)) < 50_000


def test_pytest_benchmark_leaves_out_lanes_without_a_duration(race: Race) -> None:
    assert json.loads(render("pytest-benchmark", race(empty=True)))["benchmarks"] == []


def test_parquet_names_what_it_needs(race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BenchraceError, match="needs pyarrow") as caught:
        render("parquet", race())
    assert "pip install pyarrow" in caught.value.remedy


@pytest.mark.parametrize("empty", [False, True])
def test_parquet_reads_back_as_the_rows_of_csv(race: Race, empty: bool) -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    run = race(empty=empty)
    table = parquet.read_table(io.BytesIO(render("parquet", run)))
    assert table.column_names == list(COLUMNS)
    document = table.to_pylist()
    assert len(document) == len(read_csv(run))
    assert empty or document[2]["value"] == 100.0


def test_an_unknown_format_is_answered_with_the_known_ones(race: Race) -> None:
    with pytest.raises(InvalidInput, match="known: json, csv, report, card, markdown"):
        render("xls", race())


def test_a_document_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="invalid run document"):
        decode(b'{"run_id": 5}')


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"parquet"}))
def test_a_run_without_rounds_can_be_exported(race: Race, name: str) -> None:
    assert render(name, race(empty=True)).endswith(b"\n")
