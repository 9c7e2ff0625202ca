"""Starting the agent of a machine that joins: in the background, or as an installed service."""

from pathlib import Path
from typing import Any, Protocol

from benchrace.cli import options
from benchrace.cli.service.install import background, plan
from benchrace.cli.service.install.install import install, token_file
from benchrace.cli.service.install.supervisor import this_machine
from benchrace.cli.service.service import Service, Status
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput


class Start(Protocol):
    """`check` raises before anything is changed where `start` would not work."""

    def check(self, service: Service) -> None: ...
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

    def start(self, service: Service) -> Status:
        """Start it and wait until it listens."""
        return service.start(["agent", *options.to_arguments(self._chosen)])


class AsService:
    """Installs a service of the user, and starts it; `chosen` are the options of the agent."""

    def __init__(self, chosen: dict[str, Any]) -> None:
        self._chosen = plan.with_folders({**chosen, "token": None}, system=False)

    def check(self, service: Service) -> None:
        """Check that services can be installed here, and that nothing of an earlier one wins."""
        this_machine().check()
        own = background.find(service)
        if own is not None and own.system:
            raise BenchraceError(
                Category.BUSY,
                f"the agent of this machine is installed as {own.words}",
                "Remove it first: `sudo benchrace agent service uninstall --system`.",
            )
        token = token_file(Path(self._chosen["config_dir"]), service.component)
        if token.exists():
            raise InvalidInput(
                FieldError("--service", f"{token} would be used in place of the new token"),
                "Remove that file: a machine that joins gets a token of its own.",
            )

    def start(self, service: Service) -> Status:
        """Install it, start it, and wait until it listens."""
        unit = plan.unit(
            service.component,
            self._chosen,
            service.data,
            service.machine_id,
            system=False,
            user=None,
        )
        install(unit, None, service, start=True)
        own = background.find(service)
        assert own is not None
        return background.start(service, own, {})
