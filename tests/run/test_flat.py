from benchrace.errors import BenchraceError, Category
from benchrace.kinds import Better, Estimator
from benchrace.run.flat import flat, summary_file
from benchrace.run.summary import LaneSummary, MetricSummary, RunSummary


def lane(number: int, machine_id: str, median: float | None) -> LaneSummary:
    return LaneSummary(
        lane_id=f"lane-{number}",
        label=f"L{number}",
        machine_id=machine_id,
        backend="b",
        counted=2,
        discarded=0,
        verdict=None,
        marks=(),
        error=BenchraceError(Category.SYSTEM, "broken").failure() if median is None else None,
        summary={
            "rate": MetricSummary(
                title="R",
                unit="1/s",
                better=Better.HIGHER,
                estimator=Estimator.SAMPLE,
                n=2,
                value=99,
                median=median,
            )
        },
        rounds=(),
    )


def run(*lanes: LaneSummary) -> RunSummary:
    return RunSummary(
        run_id="r", lanes=lanes, heats=(), standing=None, winner=None, winner_reason=None
    )


def test_medians_stand_under_the_machine_where_it_has_one_lane() -> None:
    result = flat(run(lane(0, "m", 2.5), lane(1, "n", None)))
    assert set(result) == {"m", "n"}
    assert result["m"] == {
        "rate": 2.5,
        "label": "L0",
        "machine_id": "m",
        "engine": "b",
        "repeat": 2,
        "error": None,
    }
    assert (result["n"]["rate"], result["n"]["error"]) == (None, "broken")


def test_lanes_that_share_a_machine_stand_under_their_own_names() -> None:
    assert set(flat(run(lane(0, "m", 1), lane(1, "m", 2)))) == {"lane-0", "lane-1"}


def test_whole_medians_are_integers() -> None:
    result = flat(run(lane(0, "m", 7.0)))["m"]["rate"]
    assert (result, type(result)) == (7, int)


def test_the_file_holds_both_forms_and_a_machine_cannot_hide_the_whole() -> None:
    result = summary_file(run(lane(0, "lanes", 1), lane(1, "m", 2)))
    assert result["m"]["rate"] == 2
    assert result["lanes"][0]["lane_id"] == "lane-0"
    assert result["run_id"] == "r"
