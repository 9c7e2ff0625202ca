"""The contract tests pass for a good backend, and fail for bad ones."""

import threading
import time
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from benchrace.plugin import Config, Context, Lane, Record
from benchrace.plugin.host.validation import InvalidPlugin
from benchrace.testing import (
    FakeClock,
    RecordingContext,
    ScriptedBackend,
    ScriptedParams,
    job_lane,
    job_spec,
    plugin_ref,
    run_job,
)
from benchrace.testing.contract import BackendContract


class TestScripted(BackendContract):
    backend = ScriptedBackend
    params = {"units": 2}  # noqa: RUF012 - a ClassVar of the contract
    long_params = {"units": 1000, "unit_s": 0.05}  # noqa: RUF012


class Shielded(ScriptedBackend):
    """A backend whose round cannot be cancelled."""

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        with anyio.CancelScope(shield=True):
            await anyio.sleep_forever()
        return Record()


class Endless(ScriptedBackend):
    """A backend that works in a thread and never checks the flag."""

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        await anyio.to_thread.run_sync(threading.Event().wait)
        return Record()


class Blocking(ScriptedBackend):
    """A backend that blocks the event loop."""

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        threading.Event().wait()
        return Record()


class Failing(ScriptedBackend):
    """A backend whose round fails."""

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        raise RuntimeError("it broke")


class Working(ScriptedBackend):
    """A backend that works in a thread and checks the flag, like the tutorial's."""

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        def work() -> Record:
            until = time.monotonic() + 5
            while not context.cancelled and time.monotonic() < until:
                time.sleep(0.01)
            return Record()

        return await context.run_blocking(work)


class Forgetful(ScriptedBackend):
    """A backend that returns a record of another type."""

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        return Record()


async def cancelled(backend: type[ScriptedBackend], within_s: float) -> None:
    """Call the contract's test of cancelling for a backend."""
    contract = BackendContract()
    contract.__class__ = type(
        "Tried",
        (BackendContract,),
        {"backend": backend, "long_params": {}, "cancel_within_s": within_s},
    )
    (workload,) = backend.workloads
    await contract.test_a_cancelled_round_ends_soon(workload, RecordingContext())


@pytest.mark.parametrize("backend", [Shielded, Endless, Blocking])
async def test_a_backend_that_does_not_stop_fails_and_holds_nothing_up(
    backend: type[ScriptedBackend],
) -> None:
    with pytest.raises(AssertionError, match=r"did not end within 0.3 s after cancel"):
        await cancelled(backend, 0.3)


async def test_a_long_round_must_be_long_and_its_failure_is_raised() -> None:
    with pytest.raises(AssertionError, match="make long_params longer"):
        await cancelled(Forgetful, 2.0)
    with pytest.raises(RuntimeError, match="it broke"):
        await cancelled(Failing, 2.0)


async def test_the_contract_cancels_a_thread_by_the_flag() -> None:
    await cancelled(Working, 2.0)


class Closed(ScriptedBackend):
    """A backend whose constructor takes no configuration."""

    def __init__(self) -> None:
        super().__init__(None)


class Careless(ScriptedBackend):
    """A backend whose constructor does not pass the configuration on."""

    def __init__(self, config: Config | None = None) -> None:
        self.settings = Config(keep_warm=False)


def test_the_contract_finds_a_constructor_that_does_not_take_the_configuration() -> None:
    contract = BackendContract()
    contract.__class__ = type("Tried", (BackendContract,), {"backend": Closed})
    with pytest.raises(InvalidPlugin, match="cannot be called with the configuration"):
        contract.test_it_keeps_the_rules_of_the_seam()
    contract.__class__ = type("Tried", (BackendContract,), {"backend": Careless})
    with pytest.raises(AssertionError, match=r"Careless.__init__ must call super\(\)"):
        contract.test_it_keeps_its_configuration()


async def test_the_contract_finds_a_record_of_another_type() -> None:
    contract = BackendContract()
    contract.__class__ = type("Tried", (BackendContract,), {"backend": Forgetful})
    (workload,) = Forgetful.workloads
    with pytest.raises(AssertionError):
        await contract.test_a_round_gives_every_number_that_its_kind_declares(
            workload, RecordingContext()
        )


def test_the_fake_clock_distinguishes_sleep_from_passing_time() -> None:
    clock = FakeClock()
    before = clock.boottime_ns() - clock.monotonic_ns()
    clock.pass_s(5)
    assert clock.boottime_ns() - clock.monotonic_ns() == before
    wall = clock.wall_s()
    clock.sleep_s(60)
    assert clock.boottime_ns() - clock.monotonic_ns() == before + 60_000_000_000
    assert clock.wall_s() == wall + 60
    clock.jump_s(-3600)
    assert clock.wall_s() == wall - 3540


async def test_the_recording_context_keeps_what_is_shown() -> None:
    context = RecordingContext(["score"])
    with pytest.raises(RuntimeError):
        print(context.round)
    context.begin(3)
    context.token("a")
    context.line("b")
    context.progress(1, None, "x")
    context.log("c", "warning")
    context.measure("score", 2.0)
    context.suspect("code", "text")
    await context.artifact("n", "text/plain", b"d")
    assert (context.tokens, context.lines, context.steps) == (["a"], ["b"], [(1, None, "x")])
    assert context.logs == [("warning", "c")]
    assert context.measured[0].value == 2.0
    assert context.verdict.reasons[0].code == "code"
    assert context.artifacts == {"n": ("text/plain", b"d")}
    assert await context.run_blocking(lambda: 4) == 4
    assert context.round.round == 3
    await context.aclose()


def test_a_job_can_be_run_by_a_plugin_s_author(tmp_path: Path) -> None:
    spec = job_spec("scripted", [job_lane(0, "scripted")], rounds=1)
    done = run_job(spec, tmp_path, [plugin_ref("benchrace.testing.scripted")])
    assert done.end.payload.metrics["score"] == 1.0
    assert done.status == 0
