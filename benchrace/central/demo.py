"""Demo races: simulated machines that are started for one race, and leave when it is over."""

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import anyio.abc
import msgspec
from anyio.streams.buffered import BufferedByteReceiveStream

from benchrace import structs
from benchrace.api.demo import DemoAnswer
from benchrace.central.central import Central
from benchrace.config.plugin_sources import how_to_install
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.host.entry_points import SIMULATED_GROUP, discover
from benchrace.processes import start_process
from benchrace.run.planning.demo import demo_race

log = logging.getLogger(__name__)
_START_S = 60.0
_LONGEST_S = 900.0
_STOP_S = 5.0
_LINE_BYTES = 1 << 16
_TOO_LONG = "the demo took too long"


class Demo:
    """Starts one demo race at a time; `run` must be running.

    `url` is where central is reached from this computer, and `record` is its record there, with
    its certificate. The machines run in one process, which ends with central.
    """

    def __init__(self, central: Central, url: str, record: Path) -> None:
        self._central = central
        self._address = ("--central", url, "--record", str(record))
        self._tasks: anyio.abc.TaskGroup | None = None
        self._is_on = False

    async def run(self) -> None:
        """Follow the demo race that is on, until cancelled."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await anyio.sleep_forever()

    async def start(self, machines: int) -> DemoAnswer:
        """Start the machines and their race.

        Raises `busy` while another demo is on, `validation` where central requires client
        certificates, `system` where the machines cannot be started, and what `Central.submit`
        raises.
        """
        if self._tasks is None:
            raise RuntimeError("a demo is started before central runs")
        if self._is_on:
            raise BenchraceError(
                Category.BUSY, "a demo race is already running", "Watch it, or wait for its end."
            )
        tls = self._central.settings.tls
        if tls is not None and tls.client_ca is not None:
            raise BenchraceError(
                Category.VALIDATION,
                "this central requires client certificates, which simulated machines do not have",
                "Start a central of its own for the demo, on another data folder: "
                "`benchrace race --demo --data-dir DIR`.",
            )
        self._is_on = True
        fleet = None
        try:
            fleet = await _Fleet.start(self._central, self._address, machines)
            await fleet.read_machines()
            await fleet.linked()
            run_id = await self._central.submit(demo_race(fleet.machine_ids))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._end(fleet)
            raise
        self._tasks.start_soon(self._follow, fleet, run_id)
        return DemoAnswer(run_id=run_id, machine_ids=fleet.machine_ids)

    async def _follow(self, fleet: "_Fleet", run_id: str) -> None:
        try:
            with anyio.move_on_after(_LONGEST_S) as limit:
                await self._over(run_id)
            if limit.cancelled_caught:
                await self._central.cancel(run_id, _TOO_LONG)
                with anyio.move_on_after(_START_S):
                    await self._over(run_id)
        finally:
            with anyio.CancelScope(shield=True):
                await self._end(fleet)

    async def _over(self, run_id: str) -> None:
        while (run := self._central.live(run_id)) is not None:
            await run.changed.wait()

    async def _end(self, fleet: "_Fleet | None") -> None:
        try:
            if fleet is not None:
                await fleet.end()
        finally:
            self._is_on = False


class _Fleet:
    """The process of the machines; `machine_ids` are there once they were read."""

    def __init__(self, central: Central, process: anyio.abc.Process, token: str) -> None:
        self._central = central
        self._process = process
        self._token = token
        self.machine_ids: tuple[str, ...] = ()

    @classmethod
    async def start(cls, central: Central, address: Sequence[str], machines: int) -> "_Fleet":
        """Start the process, with a token of its own; raises `system`."""
        package = await anyio.to_thread.run_sync(_package)
        token = central.tokens.lend()
        process = await start_process(
            [
                *(sys.executable, "-P", "-m", package),
                *address,
                *("--machines", str(machines), "--until-input-ends"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            # Ctrl-C is for central: it ends its machines in order.
            start_new_session=True,
            env={**os.environ, "BENCHRACE_TOKEN": token},
        )
        return cls(central, process, token)

    async def read_machines(self) -> None:
        """Read which machines it has; raises `busy` where one of them is linked already."""
        assert self._process.stdout is not None
        output = BufferedByteReceiveStream(self._process.stdout)
        try:
            with anyio.fail_after(_START_S):
                line = await output.receive_until(b"\n", _LINE_BYTES)
            machine_ids = structs.decode(line, tuple[str, ...])
        except (TimeoutError, anyio.IncompleteRead, msgspec.DecodeError) as error:
            raise _not_started() from error
        linked = (self._central.fleet.find(machine_id) for machine_id in machine_ids)
        if any(machine is not None and machine.session is not None for machine in linked):
            raise BenchraceError(
                Category.BUSY,
                "simulated machines are linked to this central already",
                "Race them as any others, or stop them first.",
            )
        self.machine_ids = machine_ids

    async def linked(self) -> None:
        """Wait until every machine is linked and has said what it offers; raises `system`."""
        all_ready = False
        with anyio.move_on_after(_START_S):
            async with anyio.create_task_group() as tasks:

                async def ended() -> None:
                    await self._process.wait()
                    tasks.cancel_scope.cancel()

                tasks.start_soon(ended)
                for machine_id in self.machine_ids:
                    await self._ready(machine_id)
                all_ready = True
                tasks.cancel_scope.cancel()
        if not all_ready:
            raise _not_started()

    async def _ready(self, machine_id: str) -> None:
        while (machine := self._central.fleet.find(machine_id)) is None:
            await self._central.changed.wait()
        while machine.session is None or machine.describing:
            await machine.changed.wait()

    async def end(self) -> None:
        """End the process and forget its machines, whatever their runs have of them."""
        assert self._process.stdin is not None
        await self._process.stdin.aclose()
        with anyio.move_on_after(_STOP_S):
            await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.aclose()
        self._central.tokens.end_loan(self._token)
        for machine_id in self.machine_ids:
            await self._forget(machine_id)

    async def _forget(self, machine_id: str) -> None:
        machine = self._central.fleet.find(machine_id)
        if machine is None:
            return
        with anyio.move_on_after(_STOP_S):
            while machine.session is not None:
                await machine.changed.wait()
        try:
            await self._central.forget(machine_id)
        except BenchraceError as error:
            log.warning("%s stays in the fleet: %s", machine_id, error.message)


def _package() -> str:
    """Return the package with the simulated machines; raises `system` where none is installed."""
    for ref in discover(SIMULATED_GROUP):
        return ref.module.partition(".")[0]
    raise BenchraceError(
        Category.SYSTEM,
        "simulated machines are not installed",
        how_to_install("benchrace-simulated"),
    )


def _not_started() -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        "the simulated machines did not start",
        "See the last lines of central's log.",
    )
