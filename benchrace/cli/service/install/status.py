"""The state of an installed service."""

import msgspec

from benchrace.cli.service.install.supervisor import installed, this_machine


class InstalledStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `service status --json`; null fields where it is not installed."""

    component: str
    installed: bool
    service: str | None = None
    state: str | None = None
    path: str | None = None
    data: str | None = None


def service_status(component: str, *, system: bool) -> InstalledStatus:
    """Return whether a component is installed, and what its supervisor says of it."""
    service = installed(component, system=system)
    if service is None:
        return InstalledStatus(component=component, installed=False)
    supervisor = this_machine()
    supervisor.check(system=system)
    return InstalledStatus(
        component=component,
        installed=True,
        service=service.words,
        state=supervisor.state(service),
        path=str(service.path),
        data=str(service.data),
    )
