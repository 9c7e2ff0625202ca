"""One endless race of text for the page that is measured, in the lines that central sends."""

import json
import random
import statistics
import time
from asyncio import sleep
from collections.abc import AsyncIterator, Iterator
from typing import Any

from benchrace.web.sse import FRAME_S

TEXT = (
    "The race begins where every lane has drawn a breath and, at one instant, lets go.\n"
    "What is said here means nothing; it is only as long as the lines of an answer are, some of "
    "which go on for longer than a pane is wide and have to be broken.\n\n```python\n"
    "for lane in lanes:\n    print(lane.label, lane.rate)\n```\n"
)
WORDS = TEXT.replace(" ", " \0").split("\0")
SAMPLES_S = 0.5
FIRST_TOKEN_S = 0.4
RATE = {
    "name": "gen_tokens_per_s",
    "title": "Decode rate",
    "unit": "tok/s",
    "better": "higher",
    "estimator": "ratio",
    "headline": True,
    "formula": "(N_out - n_1) / (t_last - t_first)",
}
# About as many metrics as a race of text has: the page's table has a row for each.
OTHERS = [RATE | {"name": f"m{n}", "title": f"Metric {n}", "headline": False} for n in range(15)]
METRICS = [RATE, *OTHERS]
WORKLOAD = {
    "kind": "llm_generate",
    "title": "Generate text",
    "metrics": METRICS,
    "presets": {},
    "automatic": None,
    "drawing": "text",
    "together": False,
    "params_schema": {"type": "object", "properties": {}},
}
# A run that is under way, but for its lanes and its times.
BLANK: dict[str, Any] = {
    "run_id": "text",
    "ended_at": None,
    "spec": {"kind": "llm_generate"},
    "state": "running",
    "kind": "llm_generate",
    "order": "contiguous",
    "rounds": 100,
    "warmup": 1,
    "left_out": [],
    "workloads": {"text": WORKLOAD},
    "automatic": None,
    "name": "Sixteen lanes",
    "tags": [],
    "notes": None,
    "staggered": False,
    "failure": None,
    "epoch": 0,
    "offset": 0,
    "heats": [],
    "standing": None,
    "winner": None,
    "winner_reason": None,
}


class Race:
    """Lanes that write round after round: those of one machine in turn, the machines side by side.

    `rate` is in tokens per second and lane, `round_s` how long a round takes.
    """

    def __init__(self, lanes: int, rate: float, machines: int, round_s: float) -> None:
        self._rates = [rate * (1 - 0.005 * index) for index in range(lanes)]
        self._machines = [index * machines // lanes for index in range(lanes)]
        self._round_s = round_s
        self._seqs: dict[tuple[str, str], int] = {}
        self._begun = time.monotonic()
        self._sent = [0] * lanes
        self._started: dict[int, float] = {}
        self._results: list[list[dict[str, Any]]] = [[] for _ in range(lanes)]
        self._values: list[list[float]] = [[] for _ in range(lanes)]
        # Values vary, so that lanes overtake each other; each time in the same way.
        self._chance = random.Random(lanes)

    def document(self) -> dict[str, Any]:
        """Return the run as central would."""
        now = time.time()
        return {
            **BLANK,
            "created_at": now,
            "started_at": now,
            "lanes": [self._lane_document(index) for index in range(len(self._rates))],
            "machines": {
                f"m{number}": {"machine_id": f"m{number}", "label": f"machine {number}"}
                for number in sorted(set(self._machines))
            },
            "standing": self._standing(),
        }

    def _lane_document(self, index: int) -> dict[str, Any]:
        values = self._values[index]
        return {
            "lane_id": f"l{index}",
            "label": f"model {index} q{index % 8}",
            "machine_id": f"m{self._machines[index]}",
            "backend": "text",
            "params": {},
            "job_id": f"j{self._machines[index]}",
            "counted": len(values),
            "discarded": 0,
            "verdict": "VALID" if values else None,
            "marks": [],
            "error": None,
            "summary": {metric["name"]: _summary(metric, values) for metric in METRICS if values},
            "rounds": self._results[index],
            "agreement": None,
            "text": None,
            "missing": 0,
            "energy": [],
        }

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield all lines that are due, one message per frame."""
        yield self._message([self._line("run_lifecycle", {"phase": "run_start"})])
        sampled = 0.0
        due = time.monotonic()
        while True:
            now = time.monotonic()
            lines = [line for index in self._running() for line in self._lane(index, now)]
            if now - sampled >= SAMPLES_S:
                sampled = now
                lines += [self._sample(machine) for machine in sorted(set(self._machines))]
            if lines:
                yield self._message(lines)
            due = max(due + FRAME_S, now)
            await sleep(due - time.monotonic())

    def _running(self) -> list[int]:
        """Return the lane of each machine whose turn it is."""
        turns: dict[int, int] = {}
        for index, machine in enumerate(self._machines):
            first = turns.get(machine)
            if first is None or len(self._results[index]) < len(self._results[first]):
                turns[machine] = index
        return list(turns.values())

    def _lane(self, index: int, now: float) -> Iterator[str]:
        if index not in self._started:
            self._started[index] = now
            self._sent[index] = 0
            payload = {"warmup": not self._results[index], "heat": None}
            yield self._line("round_start", payload, index=index)
        since = now - self._started[index]
        due = int(max(0.0, min(since, self._round_s) - FIRST_TOKEN_S) * self._rates[index])
        for token in range(self._sent[index], due):
            yield self._line("llm_token", {"text": WORDS[token % len(WORDS)]}, index=index)
        self._sent[index] = due
        if since >= self._round_s:
            del self._started[index]
            yield self._line("round_done", self._done(index, since), index=index)
            yield self._line("standing", self._standing())

    def _done(self, index: int, since: float) -> dict[str, Any]:
        number = len(self._results[index])
        value = self._rates[index] * self._chance.uniform(0.9, 1.1)
        if number > 0:
            self._values[index].append(value)
        done = {
            "warmup": number == 0,
            "heat": None,
            "elapsed_ns": int(since * 1e9),
            "measured": [{"metric": metric["name"], "value": value} for metric in METRICS],
            "error": None,
        }
        stored = {"round": number, "verdict": "VALID", "reasons": []}
        self._results[index].append(done | stored)
        verdict = {"level": "VALID", "reasons": []}
        return done | {"verdict": verdict, "metrics_version": 1}

    def _standing(self) -> dict[str, Any]:
        means = {
            index: statistics.fmean(values) for index, values in enumerate(self._values) if values
        }
        ranked = sorted(means, key=lambda index: -means[index])
        rest = [index for index in range(len(self._rates)) if index not in means]
        places: list[dict[str, Any]] = [
            {"lane_id": f"l{index}", "place": place, "value": means[index]}
            for place, index in enumerate(ranked, start=1)
        ]
        places += [{"lane_id": f"l{index}", "place": None, "value": None} for index in rest]
        return {"metric": RATE["name"], "places": places}

    def _sample(self, machine: int) -> str:
        gpu = {
            "index": 0,
            "utilization_percent": 80 + machine % 16,
            "memory_used_bytes": 9 << 30,
            "memory_total_bytes": 24 << 30,
            "power_w": 200.0 + time.monotonic() % 40,
        }
        taken = {
            "cpu_percent": 10 + time.monotonic() % 20,
            "memory_used_bytes": 14 << 30,
            "memory_total_bytes": 64 << 30,
            "gpus": [gpu],
        }
        return self._line("runtime_sample", taken, machine=machine, stream="agent")

    def _line(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        index: int | None = None,
        machine: int | None = None,
        stream: str = "work",
    ) -> str:
        """Return a line of a lane, of a machine, or without either of central."""
        at = machine if index is None else self._machines[index]
        job = None if at is None else f"j{at}"
        stream = "central" if job is None else stream
        seq = self._seqs.get((job or "", stream), 0)
        self._seqs[job or "", stream] = seq + 1
        return json.dumps({
            "type": kind, "run_id": "text", "job_id": job,
            "machine_id": None if at is None else f"m{at}",
            "lane_id": None if index is None else f"l{index}",
            "round": None if index is None else len(self._results[index]),
            "stream": stream, "seq": seq,
            "t_ns": int((time.monotonic() - self._begun) * 1e9), "timestamp_s": time.time(),
            "payload": payload,
        }, separators=(",", ":"))  # fmt: skip

    def _message(self, lines: list[str]) -> bytes:
        return ("id: 0-1\n" + "".join(f"data: {line}\n" for line in lines) + "\n").encode()


def _summary(metric: dict[str, Any], values: list[float]) -> dict[str, Any]:
    """Return a metric of a lane as central summarises it; the interval is a stand-in."""
    mean = statistics.fmean(values)
    return {
        **{name: value for name, value in metric.items() if name != "name"},
        "n": len(values),
        "value": mean,
        "mean": mean,
        "median": statistics.median(values),
        "sd": statistics.pstdev(values),
        "cv": statistics.pstdev(values) / mean,
        "ci95": [min(values), max(values)],
        "min": min(values),
        "max": max(values),
        "reason": None,
        "stamped": False,
        "span_s": None,
        "low": None,
        "high": None,
        "unknown": None,
    }
