"""How an engine is started and stopped, as its backend's configuration says it."""

from typing import Annotated

import msgspec
from msgspec import Meta

LOG_DIR = "RESET_LOG_DIR"

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9@][A-Za-z0-9@:._+-]*$", max_length=200)]


class Launch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an engine is started and stopped: at most one way of `unit` (systemd's, needs the
    rights for it), `user_unit`, `brew` (a service of Homebrew) and `command` (a list of words).

    A command's engine is stopped by `stop_command`, or, where it was started from here, by TERM
    and then KILL. `environment` is for the command. Limits in seconds.
    """

    unit: Name | None = None
    user_unit: Name | None = None
    brew: Name | None = None
    command: tuple[str, ...] = ()
    stop_command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    start_timeout_s: Annotated[float, Meta(gt=0)] = 120.0
    stop_timeout_s: Annotated[float, Meta(gt=0)] = 30.0

    def __post_init__(self) -> None:
        ways = (self.unit, self.user_unit, self.brew, self.command)
        if sum(1 for way in ways if way) > 1:
            raise ValueError("give one of unit, user_unit, brew and command, not several")

    @property
    def known(self) -> bool:
        """Tell whether there is any way to start it."""
        return bool(self.unit or self.user_unit or self.brew or self.command)

    def service(self, verb: str) -> tuple[str, ...] | None:
        """Give the command of a service manager, None where none runs this engine."""
        if self.unit is not None:
            return ("systemctl", "--no-ask-password", verb, self.unit)
        if self.user_unit is not None:
            return ("systemctl", "--user", verb, self.user_unit)
        if self.brew is not None:
            return ("brew", "services", verb, self.brew)
        return None
