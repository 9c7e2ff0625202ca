"""Remarks on lanes whose machines were one computer: they slowed each other down."""

from collections.abc import Iterator, Mapping

from benchrace.events import Reason
from benchrace.formatting import listed
from benchrace.run.metadata import MachineHost

CODE = "shared_host"


def shared(labels: Mapping[str, str], hosts: Mapping[str, MachineHost]) -> Iterator[Reason]:
    """Yield one remark for each computer that several machines shared; `labels` is by their ids."""
    together: dict[str, list[str]] = {}
    for machine_id, label in labels.items():
        host = hosts.get(machine_id)
        if host is not None and host.host_id:
            together.setdefault(host.host_id, []).append(label)
    for machines in together.values():
        if len(machines) > 1:
            yield Reason(CODE, f"lanes shared one computer: {listed(sorted(machines))}")
