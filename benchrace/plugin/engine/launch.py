"""The configuration of how an engine is started and stopped."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

LOG_DIR = "RESET_LOG_DIR"

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9@][A-Za-z0-9@:._+-]*$", max_length=200)]


class Launch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an engine is started and stopped.

    At most one of `unit` (of systemd, needs the rights for it), `user_unit`, `brew` (a Homebrew
    service) and `command` (a list of words). An engine with a `command` is stopped by
    `stop_command` or, if the agent started it, by TERM and then KILL. `environment` is passed to
    the command, which runs in the folder `cwd`. Limits are in seconds.
    """

    unit: Name | None = None
    user_unit: Name | None = None
    brew: Name | None = None
    command: tuple[str, ...] = ()
    stop_command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    cwd: str | None = None
    start_timeout_s: Annotated[float, Meta(gt=0)] = 120.0
    stop_timeout_s: Annotated[float, Meta(gt=0)] = 30.0

    def __post_init__(self) -> None:
        methods = (self.unit, self.user_unit, self.brew, self.command)
        if sum(1 for method in methods if method) > 1:
            raise ValueError("set only one of unit, user_unit, brew and command")
        if self.cwd is not None and not Path(self.cwd).is_absolute():
            raise ValueError(f"cwd: {self.cwd!r:.200} is not an absolute path")

    @property
    def configured(self) -> bool:
        """Check whether there is any way to start the engine."""
        return bool(self.unit or self.user_unit or self.brew or self.command)

    def service(self, verb: str) -> tuple[str, ...] | None:
        """Return the command of the service manager, None if none runs this engine."""
        if self.unit is not None:
            return ("systemctl", "--no-ask-password", verb, self.unit)
        if self.user_unit is not None:
            return ("systemctl", "--user", verb, self.user_unit)
        if self.brew is not None:
            return ("brew", "services", verb, self.brew)
        return None
