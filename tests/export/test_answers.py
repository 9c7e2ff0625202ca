"""Reports on runs of text, so that a reader can check them."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest

from benchrace.events import Reason
from benchrace.export import render
from benchrace.export.report import report
from benchrace.kinds.llm import EngineFacts
from benchrace.run.document import RunDocument
from benchrace.run.findings.likeness import Likeness
from benchrace.run.summary import Agreement, Knee, KneePoint
from benchrace.run.text_identity import TextIdentity

FACTS = EngineFacts(
    name="engine",
    version="9",
    model="tiny",
    digest="sha256:aa",
    quantization="Q4_0",
    settings={"threads": 8, "flag": True},
)
TEXT = TextIdentity(
    engines=(FACTS,),
    cache=("warm-unique by engine",),
    timing_source=("kernel",),
    prompt_digest=("sha256:p",),
    simulated=False,
)


@pytest.fixture
def answered(race: Any) -> RunDocument:
    result: RunDocument = race(labels=("full", "quant"))
    agreed = Agreement(with_="lane-0", share=0.25, n=3)
    lanes = (
        msgspec.structs.replace(result.lanes[0], text=TEXT),
        msgspec.structs.replace(
            result.lanes[1],
            text=msgspec.structs.replace(TEXT, simulated=True),
            agreement=agreed,
            likeness=Likeness(
                with_="lane-0", ssim=0.12, lowest=0.1, psnr_db=9.5, n=2, different=True
            ),
        ),
    )
    point = KneePoint(lane_id="lane-0", load=4, throughput=80, latency_ms=500, power=160)
    knee = Knee(
        machine_id="m", backend="b", swept="concurrency", points=(point,), lane_id=None,
        load=None, reason="1 loads; a knee takes 3",
    )  # fmt: skip
    remark = Reason("tokenizers_differ", "tokens are not comparable")
    return msgspec.structs.replace(result, lanes=lanes, knees=(knee,), remarks=(remark,))


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_a_report_lets_a_reader_check_text(answered: RunDocument, name: str) -> None:
    text = render(name, answered).decode().replace("\\", "")
    for expected in (
        "engine 9",
        "proved to be the agent&#x27;s machine" if name == "html" else "agent's machine",
        "sha256:aa",
        "Q4_0",
        "warm-unique by engine",
        "kernel",
        "threads",
        "a mock answered",
        "25 %",
        "no knee: 1 loads; a knee takes 3",
        "tokens are not comparable",
        "Likeness of images",
        "the images show different things",
    ):
        assert expected in text


def test_every_row_is_as_long_as_its_header(answered: RunDocument) -> None:
    for grid in report(answered).grids:
        assert {len(row) for row in grid.rows} <= {len(grid.header)}, grid.title


def test_a_run_without_text_has_no_empty_tables(race: Any) -> None:
    text = render("markdown", race()).decode()
    assert "Engines and models" not in text
    assert "Agreement" not in text
    assert "Likeness" not in text


def test_rows_tell_who_answered(answered: RunDocument) -> None:
    rows = list(csv.DictReader(io.StringIO(render("csv", answered).decode(), newline="")))
    answer = {row["lane_id"]: row for row in rows}
    first, second = answer["lane-0"], answer["lane-1"]
    assert (first["engine"], first["model_digest"], first["cache"]) == (
        "engine 9",
        "sha256:aa",
        "warm-unique by engine",
    )
    assert (first["simulated"], first["agreement"]) == ("false", "")
    assert (second["simulated"], second["agreement"]) == ("true", "0.25")
    assert second["agreement_with"] == "lane-0"


def test_pytest_benchmark_carries_it_beside_its_own(answered: RunDocument) -> None:
    first, second = json.loads(render("pytest-benchmark", answered))["benchmarks"]
    assert first["extra_info"]["text"]["engines"][0]["digest"] == "sha256:aa"
    assert first["extra_info"]["knees"][0]["swept"] == "concurrency"
    assert second["extra_info"]["knees"] == []
    assert second["extra_info"]["agreement"]["share"] == 0.25
    assert second["extra_info"]["remarks"][0]["code"] == "tokenizers_differ"
