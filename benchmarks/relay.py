"""What it costs to bring events to viewers, beside the predecessor's way, in one run.

    python -m benchmarks.relay [--rates N ...] [--ladder N ...] [--seconds S] [--json]

Ours: a real worker writes events into its journal, a real agent sends them over its link to a real
central, which writes them to the run's log, syncs, and serves the viewers. The predecessor's way
is one WebSocket message for each event from agent to central, and one Socket.IO frame for each
event and viewer. CPU time is that of agent and central, from the first counted event to its last
one's arrival at the last viewer; the worker, or what makes the predecessor's events, and the
viewers are left out, except that the predecessor's agent makes its events itself. The sides take
turns, and a ratio is the median over the pairs: CPU time depends on what else the machine does.
The highest rate is the greatest of `--ladder` at which the last quarter of the events came no
later than the first one's, by more than `GROWTH_MS` in the median.
"""

import argparse
import math
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.relay_sides import Ours, Predecessor, Result

WARMUP_S = 2.0
# More than the predecessor could bring in any time at a high rate: it is paid by the event.
PREDECESSOR_EVENTS = 5000
PREDECESSOR_WARMUP = 500
GROWTH_MS = 50.0
CPU_GOALS = {1_000: 1 / 4, 20_000: 1 / 20}
P50_MS, P99_MS, RATE_GOAL = 30.0, 80.0, 100_000


class Pair(msgspec.Struct, frozen=True):
    """CPU time of either side in ms for 1,000 events."""

    ours_ms: float
    predecessor_ms: float


class AtRate(msgspec.Struct, frozen=True):
    """One rate: the pairs, and how long ours took from creation to a viewer's socket in ms."""

    rate: int
    pairs: list[Pair]
    ratio: float
    p50_ms: float
    p99_ms: float


class Step(msgspec.Struct, frozen=True):
    """One rate of the ladder; `lag_ms` are the medians of the first and the last quarter."""

    rate: int
    lag_ms: tuple[float, float]
    cpu_ms: float
    steady: bool


class Goal(msgspec.Struct, frozen=True):
    what: str
    value: float
    goal: float
    met: bool


class Report(msgspec.Struct, frozen=True):
    """All figures, and the machine and its load average at the begin and at the end."""

    machine: str
    load: tuple[float, float]
    viewers: int
    rates: list[AtRate]
    ladder: list[Step]
    goals: list[Goal]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rates", type=int, nargs="*", default=[1_000, 20_000], help="events/s")
    parser.add_argument(
        "--ladder", type=int, nargs="*", default=[20_000, 50_000, 100_000], help="events/s"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--viewers", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=3, help="at each rate")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if min([*options.rates, *options.ladder, options.viewers, options.pairs], default=1) < 1:
        parser.error("rates, viewers and pairs begin at 1")
    if options.seconds < 1:
        parser.error("a run takes at least 1 second")
    report = measure(options)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        show(report)


def measure(options: argparse.Namespace) -> Report:
    """Run everything; progress goes to standard error."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        ours_folder, other_folder = Path(folder, "ours"), Path(folder, "predecessor")
        ours_folder.mkdir()
        other_folder.mkdir()
        with Ours(ours_folder) as ours, Predecessor(other_folder) as other:
            rates = [at_rate(ours, other, rate, options) for rate in options.rates]
            ladder = climb(ours, options)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    load = (round(before, 1), round(os.getloadavg()[0], 1))
    return Report(machine, load, options.viewers, rates, ladder, goals(rates, ladder))


def at_rate(ours: Ours, other: Predecessor, rate: int, options: argparse.Namespace) -> AtRate:
    """Measure both sides in turns at one rate."""
    pairs, delays = [], []
    for number in range(options.pairs):
        note(f"{rate} events/s, pair {number + 1} of {options.pairs}")
        mine = ours.run(rate, options.seconds, WARMUP_S, options.viewers)
        events = min(int(rate * options.seconds), PREDECESSOR_EVENTS)
        theirs = other.run(rate, events, PREDECESSOR_WARMUP, options.viewers)
        pairs.append(Pair(mine.cpu_ms_per_1000, theirs.cpu_ms_per_1000))
        delays += [delay_ns / 1e6 for _, delay_ns in mine.samples]
    ratio = statistics.median(pair.ours_ms / pair.predecessor_ms for pair in pairs)
    return AtRate(rate, pairs, ratio, rank(delays, 0.5), rank(delays, 0.99))


def climb(ours: Ours, options: argparse.Namespace) -> list[Step]:
    """Try higher and higher rates until one is too high."""
    steps: list[Step] = []
    for rate in sorted(options.ladder):
        note(f"{rate} events/s, ours alone")
        steps.append(step(rate, ours.run(rate, options.seconds, WARMUP_S, options.viewers)))
        if not steps[-1].steady:
            break
    return steps


def step(rate: int, result: Result) -> Step:
    """Judge whether the delay grew from the first quarter of the events to the last."""
    samples = sorted(result.samples)
    quarter = max(1, len(samples) // 4)
    first, last = (
        statistics.median(delay_ns / 1e6 for _, delay_ns in part)
        for part in (samples[:quarter], samples[-quarter:])
    )
    made_s = (samples[-1][0] - samples[0][0]) / 1e9
    # A machine that is too slow to make the events has not shown that they can be relayed.
    offered = made_s > 0 and result.events / made_s > 0.9 * rate
    return Step(rate, (first, last), result.cpu_ms_per_1000, offered and last - first < GROWTH_MS)


def goals(rates: Sequence[AtRate], ladder: Sequence[Step]) -> list[Goal]:
    """Compare with the goals that the rates allow to judge."""
    judged = []
    for one in rates:
        if (goal := CPU_GOALS.get(one.rate)) is not None:
            what = f"CPU time beside the predecessor's at {one.rate} events/s"
            judged.append(Goal(what, one.ratio, goal, one.ratio <= goal))
    if rates:
        slowest = min(rates, key=lambda one: one.rate)
        for name, value, limit in (
            ("p50", slowest.p50_ms, P50_MS),
            ("p99", slowest.p99_ms, P99_MS),
        ):
            what = f"ms from creation to a viewer's socket at {slowest.rate} events/s, {name}"
            judged.append(Goal(what, value, limit, value <= limit))
    if ladder:
        best = max((one.rate for one in ladder if one.steady), default=0)
        what = "highest rate without growing lag, events/s"
        judged.append(Goal(what, best, RATE_GOAL, best >= RATE_GOAL))
    return judged


def rank(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def show(report: Report) -> None:
    """Print the figures, then the goals."""
    print(f"{report.machine}; load average {report.load[0]} to {report.load[1]}")
    print(f"\nCPU ms for 1,000 events, {report.viewers} viewers (agent and central)")
    for one in report.rates:
        for pair in one.pairs:
            ratio = pair.ours_ms / pair.predecessor_ms
            print(
                f"  {one.rate:>7}/s  {pair.ours_ms:8.1f} {pair.predecessor_ms:8.1f}  {ratio:6.3f}"
            )
        print(f"  {one.rate:>7}/s  p50 {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms to a viewer")
    print("\nours alone: delay in the first and in the last quarter, ms")
    for rung in report.ladder:
        first, last = rung.lag_ms
        state = "steady" if rung.steady else "growing, or not offered in full"
        print(f"  {rung.rate:>7}/s  {first:8.1f} {last:8.1f}  CPU {rung.cpu_ms:6.2f} ms  {state}")
    print("\ngoals")
    for goal in report.goals:
        verdict = "met" if goal.met else "missed"
        print(f"  {verdict:<7} {goal.what}: {goal.value:.4g} (goal {goal.goal:.4g})")


def note(text: str) -> None:
    """Print what is measured next."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
