"""The machines of a run in a few words, and in fewer."""

import msgspec

from benchrace.export.hardware import hardware_line, shorter_lines
from benchrace.run.document import RunDocument
from tests.export.results import FAST, run_document

NAMES = ("Mac Studio", "RTX 4090 workstation", "EPYC server")


def on_machines(*names: str) -> RunDocument:
    run = run_document(tuple(FAST for _ in names), names)
    ids = [f"m{number}" for number in range(len(names))]
    lanes = tuple(
        msgspec.structs.replace(lane, machine_id=machine_id)
        for lane, machine_id in zip(run.lanes, ids, strict=True)
    )
    cpus = ({"cpu": {"model": f"Chip {name}", "physical_cores": 8}} for name in names)
    machines = {
        machine_id: {"label": name, "hardware": hardware}
        for machine_id, name, hardware in zip(ids, names, cpus, strict=True)
    }
    return msgspec.structs.replace(run, lanes=lanes, machines=machines)


def test_machines_are_called_by_their_names() -> None:
    assert hardware_line(on_machines(*NAMES[:2])) == (
        "Mac Studio: Chip Mac Studio, 8 cores; "
        "RTX 4090 workstation: Chip RTX 4090 workstation, 8 cores"
    )


def test_fewer_words_are_whole_ones() -> None:
    assert list(shorter_lines(on_machines(*NAMES)))[1:] == [
        "Mac Studio, RTX 4090 workstation and EPYC server",
        "Mac Studio, RTX 4090 workstation and 1 more",
        "Mac Studio and 2 more",
        "3 machines",
    ]
    assert list(shorter_lines(on_machines("Box"))) == ["Chip Box, 8 cores", "Chip Box"]
