"""Contract tests of backends: a test class inherits from `BackendContract`."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import anyio.to_thread
import msgspec
import pytest

from benchrace import structs
from benchrace.events import Level, Verdict
from benchrace.plugin import Backend, Config, Lane, Params, Workload
from benchrace.plugin.host.describe import params_schema
from benchrace.plugin.host.validation import backends_of
from benchrace.testing.cancelling import CancelledRound
from benchrace.testing.context import RecordingContext
from benchrace.worker.job.verdict import Surroundings, judge, numbers, plain
from benchrace.worker.params import complete, convert


@pytest.mark.anyio
class BackendContract:
    """The contract of a backend; name the subclass `Test...`, and set `backend`.

    `params` make a short round; `long_params` one that lasts until it is cancelled, which must
    then end within `cancel_within_s`. Without them cancelling is not tested. `kind` selects a
    workload if there are several.
    """

    backend: ClassVar[type[Backend]]
    kind: ClassVar[str | None] = None
    params: ClassVar[Mapping[str, Any]] = {}
    long_params: ClassVar[Mapping[str, Any] | None] = None
    config: ClassVar[Config | None] = None
    cancel_within_s: ClassVar[float] = 2.0

    @pytest.fixture
    def workload(self) -> Workload:
        workloads = {workload.kind.name: workload for workload in self.backend.workloads}
        return workloads[self.kind or next(iter(workloads))]

    @pytest.fixture
    async def context(self, workload: Workload) -> AsyncIterator[RecordingContext]:
        context = RecordingContext([metric.name for metric in workload.kind.metrics])
        yield context
        await context.aclose()

    def lane(self, workload: Workload, params: Mapping[str, Any]) -> Lane[Params]:
        """Return a lane with these parameters over the defaults."""
        converted, fields = convert(params, workload)
        assert converted is not None, f"invalid parameters in the test: {fields}"
        return Lane(lane_id="lane-0", label="a", kind=workload.kind.name, params=converted)

    def test_it_keeps_the_rules_of_the_seam(self) -> None:
        assert backends_of([self.backend]) == (self.backend,)

    def test_it_keeps_its_configuration(self) -> None:
        backend = self.backend(self.config)
        settings = getattr(backend, "settings", "nothing")
        assert settings is self.config, (
            f"{self.backend.__name__}.__init__ must call super().__init__(config): "
            f"self.settings is {settings!r}"
        )

    def test_every_parameter_has_a_title_and_a_place(self, workload: Workload) -> None:
        schema = params_schema(workload.accepts)
        assert "$ref" not in json.dumps(schema)
        assert schema["order"] == list(workload.accepts.__struct_fields__)
        assert all(field["title"] for field in schema["properties"].values())

    def test_presets_are_valid(self, workload: Workload) -> None:
        for name, preset in workload.presets.items():
            values = {
                key: value
                for key, value in preset.items()
                if not (key == workload.automatic and value == "auto")
            }
            assert convert({**self.params, **values}, workload)[1] == (), name

    def test_an_unknown_parameter_is_refused(self, workload: Workload) -> None:
        params, fields = convert({**self.params, "no-such": 1}, workload)
        assert params is None
        assert [field.path for field in fields] == ["no-such"]

    def test_complete_parameters_mean_the_same(self, workload: Workload) -> None:
        lane = self.lane(workload, self.params)
        assert convert(complete(lane.params), workload)[0] == lane.params

    async def test_preflight_accepts_a_good_lane(
        self, workload: Workload, context: RecordingContext
    ) -> None:
        lane = self.lane(workload, self.params)
        readiness = await self.backend(self.config).preflight(lane, context)
        assert readiness.ready, readiness

    async def test_a_round_gives_every_number_that_its_kind_declares(
        self, workload: Workload, context: RecordingContext
    ) -> None:
        backend, lane = self.backend(self.config), self.lane(workload, self.params)
        await backend.open(lane, context)
        context.begin()
        record = await backend.round(lane, context)
        await backend.close(lane, context)
        assert isinstance(record, workload.kind.record)
        measured = numbers(workload.kind, record, lane.params, context.measured)
        verdict, results = judge(context.verdict, workload.kind, measured, Surroundings(0, 0))
        assert verdict.level is not Level.INVALID, verdict
        for result in results:
            assert (result.value is None) != (result.reason is None), result
            assert result.reason != "not measured", f"{result.metric} is declared, never measured"

    async def test_numbers_can_be_derived_again_from_the_log(
        self, workload: Workload, context: RecordingContext
    ) -> None:
        backend, lane = self.backend(self.config), self.lane(workload, self.params)
        await backend.open(lane, context)
        context.begin()
        record = await backend.round(lane, context)
        await backend.close(lane, context)
        kind = workload.kind
        again = structs.decode(msgspec.json.encode(plain(record)), kind.record)
        assert list(kind.derive(again, lane.params)) == list(kind.derive(record, lane.params))

    async def test_it_closes_after_a_round_that_never_was(
        self, workload: Workload, context: RecordingContext
    ) -> None:
        backend, lane = self.backend(self.config), self.lane(workload, self.params)
        await backend.open(lane, context)
        await backend.close(lane, context)
        assert context.verdict == Verdict()

    async def test_a_cancelled_round_ends_soon(
        self, workload: Workload, context: RecordingContext
    ) -> None:
        if self.long_params is None:
            pytest.skip("long_params are not set")
        backend, lane = self.backend(self.config), self.lane(workload, self.long_params)
        round_ = CancelledRound(backend, lane, context)
        await anyio.to_thread.run_sync(round_.check, self.cancel_within_s, abandon_on_cancel=True)
