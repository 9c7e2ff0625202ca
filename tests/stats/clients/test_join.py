"""Rounds of several machines, joined: against unions that were worked out by hand."""

from typing import Any

import msgspec
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.events import Level, Measured, Reason
from benchrace.kinds.llm import Answer, CacheProof, CacheState, ClientLoad, EngineFacts
from benchrace.plugin.stream import TimingSource
from benchrace.run.summary import LaneSummary, RoundSummary
from benchrace.stats.clients.union import pooled, union
from tests.stats.clients.clients_run import APART, MS, Log, answered, clients_run, record_of

# 12 answers of each machine. Those of a take 100, 110 ... 210 ms, those of b 105, 115 ... 215 ms.
OWN = [answered(n, 40 * n, 40 * n + 100 + 10 * n, 10) for n in range(12)]
OTHER = [answered(n, 40 * n, 40 * n + 105 + 10 * n, 20) for n in range(12)]


def both(log: Log, number: int = 0, **changes: Any) -> None:
    log.part("a", number, OWN, **changes)
    log.part("b", number, OTHER, **changes)


def lane(log: Log) -> LaneSummary:
    return log.fold.summary().lanes[0]


def only(log: Log) -> RoundSummary:
    (round_,) = lane(log).rounds
    return round_


def figures(log: Log) -> dict[str, Measured]:
    return {figure.metric: figure for figure in only(log).measured}


def test_a_joined_round_is_the_union_of_its_answers() -> None:
    log = Log(clients_run())
    log.heat(0)
    both(log)
    measured = figures(log)
    assert (measured["answers"].value, measured["failures"].value) == (24, 0)
    assert measured["gen_tokens"].value == 12 * 10 + 12 * 20
    # The first is sent by a at 0; the last token is b's, at 440 + 215 ms on its own clock.
    span_s = (655 * MS + APART) / 1e9
    throughput = measured["throughput_tokens_per_s"]
    assert (throughput.numerator, throughput.denominator) == (360, span_s)
    assert throughput.value == 360 / span_s
    # 0.2 and 0.3 ms of uncertainty shorten or lengthen that window.
    assert throughput.low == pytest.approx(360 / (span_s + 0.0005))
    assert throughput.high == pytest.approx(360 / (span_s - 0.0005))
    assert throughput.unknown is not None
    assert throughput.unknown.code == "clock_offset"
    # Of 24 totals, 100, 105, 110 ... 215 ms, the 12th: no average of the parts' 150 and 155.
    assert measured["total_p50_ms"].value == 155
    assert measured["total_p50_ms"].low is None
    assert (measured["icl_p50_ms"].value, measured["icl_max_ms"].value) == (10, 10)
    assert measured["steady_tokens_per_s"].value is None
    assert "window of its own" in (measured["steady_tokens_per_s"].reason or "")
    round_ = only(log)
    assert (round_.verdict, round_.counted, round_.elapsed_ns) == (
        Level.VALID,
        True,
        1000 * MS + APART,
    )


def test_what_the_clocks_leave_open_is_named_beside_what_the_stamps_do() -> None:
    log = Log(clients_run(tpot_limit_ms=5.0))
    log.heat(0)
    both(log)
    goodput = figures(log)["goodput_per_s"]
    assert goodput.unknown is not None
    # All of it is open by the stamps, and a thousandth by the clocks.
    assert goodput.unknown.code == "tokens_in_chunks"
    texts = {reason.code: reason.text for reason in only(log).reasons}
    assert sorted(texts) == ["clock_offset", "tokens_in_chunks"]
    assert "some chunks hold several tokens" in texts["tokens_in_chunks"]
    assert "chunks" not in texts["clock_offset"]


def test_what_was_asked_is_the_schedule_and_what_was_sent_is_by_one_clock() -> None:
    def scheduled(answers: list[Answer], first: int) -> list[Answer]:
        return [
            msgspec.structs.replace(one, scheduled_ns=(first + 40 * n) * MS)
            for n, one in enumerate(answers)
        ]

    log = Log(clients_run(arrival="constant", rate=50.0))
    log.heat(0)
    log.part("a", 0, scheduled(OWN, 0))
    log.part("b", 0, scheduled(OTHER, 20))
    measured = figures(log)
    assert measured["asked_per_s"].value == pytest.approx(23 / 0.460)
    assert measured["asked_per_s"].low is None
    # b sent its last at 440 ms by its own clock.
    assert measured["sent_per_s"].value == pytest.approx(23 / 0.453)


def test_a_round_waits_for_all_parts_and_for_their_clocks_in_any_order() -> None:
    log = Log(clients_run())
    log.part("b", 0, OTHER)
    assert lane(log).rounds == ()
    log.part("a", 0, OWN)
    assert lane(log).rounds == ()
    log.heat(0)
    late = figures(log)
    early = Log(clients_run())
    early.heat(0)
    both(early)
    assert late == figures(early)


def test_a_lane_that_begins_after_the_others_waits_for_its_own_start() -> None:
    log = Log(clients_run())
    log.heat(0, ("c",), spread_ns=7)
    both(log)
    assert lane(log).rounds == ()
    log.heat(0, lane_id="lane-1", machines=("d", "e"), spread_ns=9, staggered=True)
    assert lane(log).rounds == ()
    log.heat(0, lane_id="lane-0", spread_ns=8)
    assert figures(log)["throughput_tokens_per_s"].value is not None
    (heat,) = log.fold.summary().heats
    assert (heat.spread_ns, heat.staggered) == (9, True)


@pytest.mark.parametrize(
    ("machines", "unsure", "text"),
    [
        (("a",), 1, "the clock of Bee was not compared"),
        (("a", "b"), 100, "the clients' clocks are compared to within 50 ms only"),
    ],
)
def test_without_one_clock_only_figures_of_one_machine_are_left(
    machines: tuple[str, ...], unsure: int, text: str
) -> None:
    log = Log(clients_run())
    log.heat(0, machines, unsure)
    both(log)
    measured = figures(log)
    for name in ("throughput_tokens_per_s", "requests_per_s", "sent_per_s"):
        assert measured[name].value is None
        assert text in (measured[name].reason or "")
    assert measured["total_p50_ms"].value == 155
    assert measured["answers"].value == 24


def test_missing_stamps_leave_percentiles_of_gaps_open_and_keep_what_adds_up() -> None:
    log = Log(clients_run())
    log.heat(0)
    both(log, stamps=False)
    measured = figures(log)
    assert measured["icl_p50_ms"].value is None
    assert "cannot be averaged" in (measured["icl_p50_ms"].reason or "")
    assert measured["stalls"].value == 0


def test_the_verdict_is_the_worst_of_the_parts_with_the_machine_named() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("a", 0, OWN)
    reasons = (Reason("client_saturated", "it cannot generate this load"),)
    log.part("b", 0, OTHER, level=Level.SUSPECT, reasons=reasons)
    assert only(log).verdict is Level.SUSPECT
    assert Reason("client_saturated", "Bee: it cannot generate this load") in only(log).reasons
    assert [mark.text for mark in lane(log).marks if mark.code == "client_saturated"] == [
        "Bee: it cannot generate this load"
    ]


def test_clients_of_different_engines_are_no_round() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("a", 0, OWN)
    log.part("b", 0, OTHER, engine=EngineFacts(name="e", model="another"))
    (reason,) = (one for one in only(log).reasons if one.code == "different_engines")
    assert only(log).verdict is Level.INVALID
    assert "a m, Bee another" in reason.text


def test_a_load_that_began_apart_is_suspect() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("a", 0, OWN, began_ns=5_000 * MS + 200 * MS)
    log.part("b", 0, OTHER, began_ns=9_000_000 * MS + 290 * MS)
    assert Reason("clients_apart", "Bee began 93 ms after a") in only(log).reasons
    assert only(log).verdict is Level.SUSPECT


def test_what_made_a_load_begin_late_is_in_its_mark() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("a", 0, OWN)
    log.part("b", 0, OTHER, began_ns=9_000_000 * MS + 600 * MS)
    (text,) = (reason.text for reason in only(log).reasons if reason.code == "clients_apart")
    apart, cause = text.split(": ")
    assert apart == "Bee began 353 ms after a"
    assert cause == "opening its connections took 600 ms, for which 250 ms are planned"


def test_a_part_without_requests_says_nothing_about_caches_and_stamps() -> None:
    proven = record_of(
        "a",
        OWN,
        cache=CacheState.WARM_UNIQUE,
        cache_proof=CacheProof.ENGINE,
        timing_source=TimingSource.KERNEL,
    )
    empty = record_of("b", (), cache=CacheState.UNKNOWN, cache_proof=CacheProof.NONE)
    joined = union([proven, empty], (0, 0), pooled([proven, empty], [[], []]))
    assert joined.cache is CacheState.WARM_UNIQUE
    assert joined.cache_proof is CacheProof.ENGINE
    assert joined.timing_source == TimingSource.KERNEL


def test_a_round_is_judged_by_the_stamps_of_the_worst_of_its_machines() -> None:
    metadata = clients_run()
    coarse = {**metadata.machines, "b": {"label": "Bee", "timing": {"bias_ms": 50, "jitter_ms": 0}}}
    for machines, short in ((metadata.machines, False), (coarse, True)):
        log = Log(msgspec.structs.replace(metadata, machines=machines))
        log.heat(0)
        both(log)
        assert ("too_short" in {reason.code for reason in only(log).reasons}) is short


def test_a_failure_is_named_even_where_the_name_is_in_its_words() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("b", 0, OTHER)
    error = BenchraceError(Category.STREAM_ERROR, "the server closed a stream").failure()
    log.done("a", 0, None, error=error)
    assert only(log).error is not None
    assert only(log).error.message == "a: the server closed a stream"  # type: ignore[union-attr]
    log.job_error("a", error)
    assert lane(log).error is not None
    assert lane(log).error.message == "a: the server closed a stream"  # type: ignore[union-attr]


def test_a_record_that_cannot_be_read_names_its_machine() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("a", 0, OWN)
    log.done("b", 0, {"answers": 3})
    assert only(log).error is not None
    assert only(log).error.message.startswith("Bee: the record of this round")  # type: ignore[union-attr]


def test_a_simulated_part_asks_for_no_update() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("a", 0, OWN)
    log.part("b", 0, OTHER, simulated=True, began_ns=None)
    texts = " ".join(reason.text for reason in only(log).reasons)
    assert "simulated" in texts
    assert "update" not in texts


def test_what_clients_did_in_a_round_that_does_not_count_is_left_out() -> None:
    log = Log(clients_run())
    log.heat(0)
    client = ClientLoad(requests=12, span_ns=1000 * MS, cpu_ns=100 * MS)
    log.part("a", 0, OWN, client=client)
    log.part("b", 0, OTHER, client=client, engine=EngineFacts(name="e", model="another"))
    assert [load.rounds for load in lane(log).client_loads] == [0, 0]


def test_a_part_that_failed_fails_the_round_with_its_machine() -> None:
    log = Log(clients_run())
    log.heat(0)
    log.part("a", 0, OWN)
    error = BenchraceError(Category.STREAM_ERROR, "the server closed").failure()
    log.done("b", 0, None, error=error)
    assert only(log).verdict is Level.INVALID
    assert only(log).error is not None
    assert lane(log).rounds[0].error.message == "Bee: the server closed"  # type: ignore[union-attr]
    assert lane(log).discarded == 1


def test_a_machine_that_ended_early_ends_the_lane_and_its_round_until_lines_come() -> None:
    log = Log(clients_run())
    log.heat(0)
    both(log)
    log.heat(1)
    log.part("a", 1, OWN)
    died = BenchraceError(Category.SYSTEM, "the worker died").failure()
    log.job_error("b", died)
    log.cancelled("a", "Bee: the worker died")
    log.end()
    ended = lane(log)
    assert (ended.counted, ended.missing) == (1, 1)
    assert ended.error is not None
    assert ended.error.message == "Bee: the worker died"
    assert [round_.error is None for round_ in ended.rounds] == [True, False]
    assert "Bee did not finish its part" in (ended.rounds[1].error.message)  # type: ignore[union-attr]
    # What arrives late makes the round whole after all.
    log.part("b", 1, OTHER)
    log.end()
    assert [round_.counted for round_ in lane(log).rounds] == [True, True]


def test_an_adaptive_round_that_one_machine_began_alone_is_none() -> None:
    metadata = clients_run()
    spec = msgspec.structs.replace(metadata.spec, rounds="auto")
    log = Log(msgspec.structs.replace(metadata, spec=spec))
    log.heat(0)
    both(log)
    log.heat(1, ("a",))
    log.part("a", 1, OWN)
    log.end("done")
    assert [round_.round for round_ in lane(log).rounds] == [0]


def test_what_each_client_did_is_added_up() -> None:
    log = Log(clients_run())
    for number, busy in enumerate((100, 300)):
        log.heat(number)
        client = ClientLoad(requests=12, span_ns=1000 * MS, cpu_ns=busy * MS, late_ns=busy)
        log.part("a", number, OWN, client=client)
        reasons = (Reason("client_saturated", "it cannot"),)
        log.part("b", number, OTHER, client=client, level=Level.SUSPECT, reasons=reasons[:number])
    own, other = lane(log).client_loads
    assert (own.machine_id, own.rounds, own.requests, own.saturated) == ("a", 2, 24, 0)
    assert (other.machine_id, other.busy, other.late_ns, other.saturated) == ("b", 0.3, 300, 1)


def test_a_log_that_is_read_again_gives_the_same_summary() -> None:
    log = Log(clients_run())
    log.heat(0)
    both(log)
    again = Log(clients_run())
    whole = b"".join(log.lines)
    again.fold.feed(whole + whole)
    assert again.fold.summary() == log.fold.summary()
