"""Remarks on lanes whose machines were one computer: they slowed each other down."""

from collections.abc import Iterable, Iterator, Mapping

from benchrace.events import Reason
from benchrace.formatting import listed
from benchrace.run.metadata import MachineHost

CODE = "shared_host"


def shared(machine_ids: Iterable[str], hosts: Mapping[str, MachineHost]) -> Iterator[Reason]:
    """Yield one remark for each computer that several of the machines shared."""
    together: dict[str, dict[str, None]] = {}
    for machine_id in machine_ids:
        host = hosts.get(machine_id)
        if host is not None and host.host_id:
            together.setdefault(host.host_id, {})[machine_id] = None
    for machines in together.values():
        if len(machines) > 1:
            yield Reason(CODE, f"lanes shared one computer: {listed(sorted(machines))}")
