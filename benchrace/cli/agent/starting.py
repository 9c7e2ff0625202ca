"""Starting the agent of a machine that joins: in the background, or as an installed service."""

from pathlib import Path
from typing import Any, Protocol

from benchrace.cli import options
from benchrace.cli.service.install import background, plan
from benchrace.cli.service.install import install as installing
from benchrace.cli.service.install.install import token_file
from benchrace.cli.service.install.unit import Unit
from benchrace.cli.service.service import Service, Status
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput


class Start(Protocol):
    """`check` raises before anything is changed where `start` would not work.

    `lay_out` makes the folders that the agent reads, before a file is stored in one of them.
    """

    def check(self, service: Service) -> None: ...
    def lay_out(self, service: Service) -> None: ...
    def start(self, service: Service) -> Status: ...


class InBackground:
    """Starts a process in the background; `chosen` are the options of the agent."""

    def __init__(self, chosen: dict[str, Any]) -> None:
        self._chosen = chosen

    def check(self, service: Service) -> None:
        """Refuse an agent that is installed as a service, whose unit keeps its options."""
        if (own := background.find(service)) is not None:
            raise BenchraceError(
                Category.BUSY,
                f"the agent of this machine is installed as {own.words}",
                "Add --service, which installs it again for this central.",
            )

    def lay_out(self, service: Service) -> None:
        """Do nothing: who stores the file reads it."""

    def start(self, service: Service) -> Status:
        """Start it and wait until it listens."""
        return service.start(["agent", *options.to_arguments(self._chosen)])


class AsService:
    """Installs a service of this user or of the system, and starts it.

    `chosen` are the options of the agent, with the folders that the service uses. `user` is the
    user of a system service.
    """

    def __init__(self, chosen: dict[str, Any], *, system: bool, user: str | None) -> None:
        self._chosen = {**chosen, "token": None}
        self._system = system
        self._user = user

    def check(self, service: Service) -> None:
        """Check that services can be installed here, and that nothing of an earlier one wins."""
        installing.check(service.component, service.data, system=self._system)
        own = background.find(service)
        if own is not None and own.system != self._system:
            sudo = "sudo " if own.system else ""
            raise BenchraceError(
                Category.BUSY,
                f"the agent of this machine is installed as {own.words}",
                f"Remove it first: `{sudo}benchrace agent service uninstall{own.scope}`.",
            )
        token = token_file(Path(self._chosen["config_dir"]), service.component)
        if token.exists():
            raise InvalidInput(
                FieldError("--service", f"{token} would be used in place of the new token"),
                "Remove that file: a machine that joins gets a token of its own.",
            )

    def lay_out(self, service: Service) -> None:
        """Make the folders of the service, which its user owns."""
        installing.lay_out(self._unit(service), None)

    def start(self, service: Service) -> Status:
        """Install it, start it, and wait until it listens."""
        installing.install(self._unit(service), None, service, start=True)
        own = background.find(service)
        assert own is not None
        return background.start(service, own, {})

    def _unit(self, service: Service) -> Unit:
        return plan.unit(
            service.component,
            self._chosen,
            service.data,
            service.machine_id,
            system=self._system,
            user=self._user,
        )
