"""Titles and units come from plugins: they are words, never markup or escapes."""

import io
from collections.abc import Callable

import msgspec
from rich.console import Console

from benchrace.cli.race import footnotes, table
from benchrace.run.document import RunDocument

Race = Callable[..., RunDocument]


def test_a_run_that_shares_no_parameter_names_none(race: Race) -> None:
    assert footnotes.heading(race()).startswith(
        "k: 3 rounds after 1 warm-up round in each of 2 lanes"
    )


def test_one_is_not_said_as_many(race: Race) -> None:
    one = race(empty=True, labels=("alone",))
    words = footnotes.heading(msgspec.structs.replace(one, rounds=1))
    assert words == "k: n=0; 1 round after 1 warm-up round in one lane"


def test_a_title_is_no_markup_and_a_unit_has_no_escapes(race: Race) -> None:
    run = race(labels=("calm", "wild"))
    lanes = tuple(
        msgspec.structs.replace(
            lane,
            summary={
                name: msgspec.structs.replace(summary, title="[/x]Rate", unit="\x1b[31mu/s")
                for name, summary in lane.summary.items()
            },
        )
        for lane in run.lanes
    )
    out = io.StringIO()
    shown = table.result_table(msgspec.structs.replace(run, lanes=lanes), 110)
    Console(file=out, width=110, highlight=False).print(shown)
    assert "[/x]Rate, u/s" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_machines_start_together_only_where_several_start(race: Race) -> None:
    run = race(labels=("a", "b"))
    own, other = (
        msgspec.structs.replace(lane, machine_id=machine_id, workers=workers)
        for lane, machine_id, workers in zip(run.lanes, ("m1", "m2"), (("m9",), ()), strict=True)
    )
    notes = "\n".join(footnotes.notes(msgspec.structs.replace(run, lanes=(own, other))))
    assert "the machines started together (" in notes
    alone = msgspec.structs.replace(run, lanes=(own,))
    assert "started together" not in "\n".join(footnotes.notes(alone))


def test_discarded_rounds_are_told_from_those_that_did_not_finish(race: Race) -> None:
    run = race(labels=("other", "both"))
    lanes = tuple(
        msgspec.structs.replace(lane, counted=2, discarded=1, missing=3) for lane in run.lanes[1:]
    )
    notes = list(footnotes.notes(msgspec.structs.replace(run, lanes=lanes)))
    assert "both: 1 of 5 rounds was not counted" in notes
    assert "both: 2 of 5 rounds did not finish" in notes
