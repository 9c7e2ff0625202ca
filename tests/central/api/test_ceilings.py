"""The ceilings of a machine, from the run that measures one to the prediction of the next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.events import Measured
from benchrace.kinds import LLM, Better, Metric
from benchrace.plugin import KvLayers, Model
from benchrace.plugin.description import BackendDescription, WorkloadDescription
from benchrace.plugin.workload import Drawing
from benchrace.protocol.capabilities import BackendStatus, Capabilities
from benchrace.run.planning.order import Slot
from tests.central.offer import capabilities
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served

READ = Metric(name="read_gb_per_s", title="Read", unit="GB/s", better=Better.HIGHER, headline=True)
# A position takes 2048 bytes, and a token reads 1 MB of weights.
MODEL = Model(
    name="tiny",
    quantization="Q8_0",
    kv=(KvLayers(count=2, kv_heads=4, k_dim=64, v_dim=64),),
    active_bytes=1_000_000,
    active_parameters=1_000_000,
    width=1280,
)


def workload(kind: str, *metrics: Metric) -> WorkloadDescription:
    properties = {
        "threads": {"type": "integer", "default": 1},
        "model": {"type": "string", "title": "Model", "choices": "models"},
    }
    return WorkloadDescription(
        kind=kind,
        title=kind,
        params_schema={"type": "object", "properties": properties},
        metrics=metrics,
        metrics_version=1,
        presets={},
        automatic=None,
        saturates=(),
        drawing=Drawing.TEXT,
        together=True,
    )


def backend(name: str, described: WorkloadDescription, *models: Model) -> BackendStatus:
    description = BackendDescription(name=name, title=name, version="1", workloads=(described,))
    return BackendStatus(description=description, plugin=name, reachable=True, models=models)


class Measuring(FakeAgent):
    """A machine that reads 2 GB/s with one thread and 4 GB/s with two, and has an engine."""

    def capabilities(self) -> Capabilities:
        plain = capabilities(self.machine_id)
        return msgspec.structs.replace(
            plain,
            backends=(
                backend("probes", workload("memory_bandwidth", READ)),
                backend("engine", workload("llm_generate", *LLM.metrics), MODEL),
            ),
        )

    def measured(self, slot: Slot) -> tuple[Measured, ...]:
        if self._text(slot):
            rate = Measured(
                metric="gen_tokens_per_s", value=2000.0, numerator=100.0, denominator=0.05
            )
            counts = {"prompt_tokens": 50, "gen_tokens": 100}
            return rate, *(Measured(metric=name, value=n) for name, n in counts.items())
        return (Measured(metric=READ.name, value=2.0 * self._threads(slot)),)

    def record(self, slot: Slot) -> dict[str, Any]:
        if self._text(slot):
            return {"prompt_digest": "p", "engine": {"name": "e", "model": "tiny"}}
        return {"threads_used": self._threads(slot), "cpu_tier": "avx2"}

    def _text(self, slot: Slot) -> bool:
        return any(job.spec.lanes[0].backend == "engine" for job in self._current(slot))

    def _threads(self, slot: Slot) -> int:
        (job,) = self._current(slot)
        params: Mapping[str, Any] = {lane.lane_id: lane for lane in job.spec.lanes}[
            slot.lane_id
        ].params
        return int(params["threads"])

    def _current(self, slot: Slot) -> list[Any]:
        return [job for job in self.jobs.values() if not job.phase.final]


async def measure(site: Served) -> str:
    lanes = [{"params": {"threads": threads}} for threads in (1, 2)]
    run_id = await site.submit(kind="memory_bandwidth", params={}, lanes=lanes, rounds=1)
    await site.over(run_id)
    return run_id


async def answer(site: Served) -> dict[str, Any]:
    run_id = await site.submit(kind="llm_generate", params={"model": "tiny"}, rounds=1)
    document: dict[str, Any] = await site.over(run_id)
    share: dict[str, Any] = document["lanes"][0]["ceiling"]
    return share


async def test_a_ceiling_is_measured_judged_by_and_predicted_with(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        assert (await site.http.get("/api/machines/none/ceilings")).status_code == 404
        await site.link(Measuring("box"))

        async def predicted() -> dict[str, Any]:
            (machine,) = (await site.get("/api/status", model="tiny", depth=100))["machines"]
            prediction: dict[str, Any] = machine["model"]["predictions"]["engine"]
            return prediction

        before = await predicted()
        assert (before["decode"], before["unmeasured"]) == (None, True)
        assert (
            "the read bandwidth of the machine's memory has not been measured" in before["missing"]
        )
        assert "has not been measured" in (await answer(site))["reason"]

        measured_by = await measure(site)
        result = await site.get("/api/machines/box/ceilings")
        (read,) = result["ceilings"]
        current = read["current"]
        assert (current["value"], current["threads"], current["tier"]) == (4.0, 2, "avx2")
        assert (current["run_id"], result["reason"]) == (measured_by, None)

        # 1 MB of weights and 100 positions of 2048 bytes, 2000 times a second, of 4 GB/s.
        share = await answer(site)
        assert share["share"] == pytest.approx(2000 * 1_204_800 / 4e9)
        assert share["run_id"] == measured_by
        assert share["text"].startswith("60 % of the machine's read bandwidth: ")
        # The run without a ceiling counts for the efficiency as well.
        after = await predicted()
        assert after["decode"]["value"] == pytest.approx(2000)
        assert after["efficiency"]["n"] == 2
        # Two lanes do not make the band narrower than what is assumed.
        share_of_rows = 160 / 1280
        assert after["row_overhead"] == pytest.approx(share_of_rows)
        weights_s = 1_204_800 / 4e9
        assert after["decode"]["low"] == pytest.approx(0.5 / weights_s / (1 + share_of_rows))
        assert after["decode"]["high"] == pytest.approx(0.92 / weights_s / (1 + share_of_rows))

        planned = await site.get("/api/retention", runs=1)
        assert measured_by not in {run["run_id"] for run in planned["expired"]}
        assert len(planned["expired"]) == 1
