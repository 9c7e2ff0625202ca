"""A simulated machine is known as one over a restart, before its agent has come back."""

from pathlib import Path

import anyio

from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.machine import Machine
from benchrace.clock import SystemClock
from benchrace.protocol.liveness import KeepAlive


def test_the_mark_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "machines.json"
    fleet = Fleet(path, KeepAlive(), SystemClock())
    machine = Machine("sim-h100", "H100 server", "host")
    machine.simulated = True
    fleet._machines = {"sim-h100": machine, "box": Machine("box", "Box", "other")}
    anyio.run(fleet.save)
    again = Fleet(path, KeepAlive(), SystemClock())
    again.load()
    views = [status.view for status in again.statuses(lambda _: None)]
    assert [(view.machine_id, view.simulated) for view in views] == [
        ("box", False),
        ("sim-h100", True),
    ]
