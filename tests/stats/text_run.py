"""Runs of lanes that answer in text, and their logs."""

from typing import Any

import msgspec

from benchrace.events import Level, Measured, RoundDone, Stream, Verdict, encode
from benchrace.events.payloads import RoundDonePayload
from benchrace.kinds import LLM, SERVE, Kind
from benchrace.plugin import Drawing
from benchrace.plugin.description import WorkloadDescription
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.stats import Fold

COLD = {"temperature": 0.0, "max_tokens": 8}


def run(*lanes: dict[str, Any], kind: Kind = LLM, machines: Any = None) -> RunMetadata:
    """A run of lanes with these parameters; `machine` is where, `m` where not said."""
    workload = WorkloadDescription(
        kind=kind.name,
        title=kind.title,
        params_schema={},
        metrics=kind.metrics,
        metrics_version=1,
        presets={},
        automatic=None,
        saturates=(),
        drawing=Drawing.TEXT,
        together=False,
    )
    return RunMetadata(
        run_id="r",
        version="1",
        created_at=0.0,
        spec=RunSpec(kind=kind.name),
        state=RunState.RUNNING,
        kind=kind.name,
        order=Order.CONTIGUOUS,
        sync=Sync.FIRST_HEAT,
        salt="s",
        rounds=5,
        warmup=1,
        lanes=tuple(
            RunLane(
                lane_id=f"lane-{at}",
                label=f"Lane {at}",
                machine_id=params.get("machine", "m"),
                backend="b",
                params={key: value for key, value in params.items() if key != "machine"},
                job_id=f"j-{params.get('machine', 'm')}",
            )
            for at, params in enumerate(lanes)
        ),
        workloads={"b": workload},
        machines=dict(machines or {}),
    )


class Log:
    """Feeds a fold with rounds as workers write them."""

    def __init__(self, metadata: RunMetadata) -> None:
        self.fold = Fold(metadata)
        self._lanes = {lane.lane_id: lane for lane in metadata.lanes}
        self._seq = 0

    def done(
        self,
        lane: int,
        number: int,
        *measured: Measured,
        level: Level = Level.VALID,
        record: dict[str, Any] | None = None,
    ) -> None:
        """One round that counts."""
        planned = self._lanes[f"lane-{lane}"]
        payload = RoundDonePayload(
            warmup=False,
            heat=number,
            elapsed_ns=10**9,
            record=record or {},
            measured=measured,
            verdict=Verdict(level, ()),
            metrics_version=1,
        )
        self._seq += 1
        self.fold.feed(
            encode(
                RoundDone(
                    run_id="r",
                    job_id=planned.job_id,
                    machine_id=planned.machine_id,
                    lane_id=planned.lane_id,
                    round=number,
                    stream=Stream.WORK,
                    seq=self._seq,
                    t_ns=self._seq,
                    timestamp_s=1.0,
                    payload=payload,
                )
            )
        )

    def text(self, lane: int, number: int, text: str, **facts: Any) -> None:
        """One answer, to the prompt of this round."""
        n_in = facts.pop("prompt_tokens", 50)
        rate = facts.pop("rate", 100.0)
        record = {
            "prompt_digest": facts.pop("digest", "sha256:p"),
            "nonce": facts.pop("nonce", f"nonce {number}"),
            "text": text,
            "reference": facts.pop("reference", ""),
            "engine": {"name": "e", **facts},
        }
        self.done(
            lane,
            number,
            Measured(metric="prompt_tokens", value=n_in),
            ratio("gen_tokens_per_s", rate, 1.0),
            ratio("chars_per_s", 3 * (200 - rate), 1.0),
            record=record,
        )

    def agreement(self, lane: int) -> dict[str, Any]:
        """What the summary says of a lane's agreement, as the API gives it."""
        result: dict[str, Any] = msgspec.to_builtins(self.fold.summary().lanes[lane].agreement)
        return result


def ratio(metric: str, numerator: float, denominator: float) -> Measured:
    """A rate, with its parts."""
    value = numerator / denominator
    return Measured(metric=metric, value=value, numerator=numerator, denominator=denominator)


__all__ = ["COLD", "LLM", "SERVE", "Log", "ratio", "run"]
