"""What goes wrong on a dialled link concerns that machine alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from benchrace.central.central import Central
from benchrace.central.fleet import dialling
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.settings import CentralSettings
from benchrace.clock import SystemClock
from benchrace.config.machines import MachineEntry
from benchrace.errors import BenchraceError
from benchrace.protocol.liveness import KeepAlive
from benchrace.testing.limits import HANG_S
from benchrace.web.socket import LinkSocket


@asynccontextmanager
async def opened(*_: object) -> AsyncIterator[Any]:
    yield SimpleNamespace(peer="10.0.0.7")


async def test_a_defect_on_one_link_ends_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = MachineEntry(machine_id="m1", dial=True, agent_base_url="http://10.0.0.7:9001")
    fleet = Fleet(tmp_path / "machines.json", KeepAlive(), SystemClock())
    fleet.add([entry])
    monkeypatch.setattr(dialling, "dialled", opened)
    reasons: list[str | None] = []
    again = anyio.Event()

    async def link(
        socket: LinkSocket,
        address: str | None,
        *,
        tls: bool,
        dialled: str | None,
        peer: str | None,
    ) -> BenchraceError | None:
        assert peer == "10.0.0.7"
        reasons.append(fleet.get("m1").not_dialled)
        if len(reasons) == 1:
            raise KeyError(dialled)
        again.set()
        return None

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dialling.Dialler(entry, fleet, link).run)
        with anyio.fail_after(HANG_S):
            await again.wait()
        tasks.cancel_scope.cancel()
    assert reasons == [None, "the link failed: check central's log"]


async def test_only_the_usual_central_dials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "machines.yaml").write_text(
        "machines:\n  - {machine_id: m1, dial: true, agent_base_url: 'http://10.0.0.7:9001'}\n"
    )
    begun: list[bool] = []

    class Begun:
        def __init__(self, *_: object) -> None:
            begun.append(dials)

        async def run(self) -> None:
            """Reach nobody."""

    monkeypatch.setattr(dialling, "Dialler", Begun)
    for dials in (True, False):
        settings = CentralSettings(data=tmp_path / str(dials), config=config, dials=dials)
        central = Central(settings)
        await central.open()
        async with anyio.create_task_group() as tasks:
            await central._dial(tasks)
    assert begun == [True]
