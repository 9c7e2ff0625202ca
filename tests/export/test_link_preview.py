"""Tags for previews of links: the result in a sentence, and nothing that becomes markup."""

from benchrace.export.link_preview import MAX_CHARS, tags
from benchrace.run.document import RunDocument
from benchrace.run.states import RunState
from tests.export.conftest import HOSTILE
from tests.export.results import LONG, run_document
from tests.export.test_reports import Tags


def read(run: RunDocument) -> dict[str, str]:
    parsed = Tags(tags(run)).tags
    assert {tag for tag, _ in parsed} == {"meta"}
    return {str(shown["property"]): str(shown["content"]) for _, shown in parsed}


def test_the_result_is_the_title() -> None:
    run = run_document(name="q8 or f16?")
    assert run.result is not None
    shown = read(run)
    assert shown["og:title"] == f"{run.result.headline}, {run.result.margin} · q8 or f16?"
    assert shown["og:description"].startswith(f"{run.result.detail}. {run.result.confidence.text}")
    assert "og:image" not in shown


def test_a_race_that_is_on_has_no_winner_yet() -> None:
    shown = read(run_document(state=RunState.RUNNING))
    assert shown["og:title"] == "K: small-q8 vs small-f16"
    assert shown["og:description"].startswith("2 lanes, running. ")


def test_foreign_text_is_text_and_short() -> None:
    shown = read(run_document(labels=(HOSTILE, LONG), name=HOSTILE * 9))
    assert set(shown) == {"og:type", "og:site_name", "og:title", "og:description"}
    assert "<script>" in shown["og:title"]
    assert max(map(len, shown.values())) <= MAX_CHARS
