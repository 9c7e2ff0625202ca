"""The property list of launchd. Pure."""

import plistlib
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from benchrace.cli.service.install.unit import AGENT, Unit, check_text

SYSTEM_LISTS = Path("/Library/LaunchDaemons")
USER_LISTS = Path("Library/LaunchAgents")
# launchd starts programs without Homebrew's folders, where engines are.
_PATH = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def label(component: str) -> str:
    """Return the label of a component's job."""
    return f"benchrace.{component}"


def property_list(unit: Unit) -> bytes:
    """Return the whole property list; raises InvalidInput for a text that none can hold."""
    command = [check_text("text", word) for word in unit.command]
    job: dict[str, Any] = {
        "Label": label(unit.component),
        "ProgramArguments": [*command, "--log-file", str(unit.log)],
        "EnvironmentVariables": {"PATH": _PATH},
        "RunAtLoad": True,
        # Started again after a failure; `stop` ends it with success.
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": 30,
        "Umask": 0o077,
        "StandardOutPath": str(unit.log),
        "StandardErrorPath": str(unit.log),
    }
    if unit.component == AGENT:
        # Background jobs are throttled, which would slow down what is measured. Engines that the
        # agent started keep running.
        job |= {"ProcessType": "Interactive", "AbandonProcessGroup": True}
    if unit.system:
        job |= {"UserName": unit.user}
    return plistlib.dumps(job)


def served(data: bytes) -> tuple[Path, str | None] | None:
    """Return data folder and machine of a property list; None where it cannot be read."""
    try:
        words = plistlib.loads(data)["ProgramArguments"]
        folder, machine = (
            words[words.index(option) + 1] if option in words else None
            for option in ("--data-dir", "--machine-id")
        )
    except (ExpatError, plistlib.InvalidFileException, ValueError, LookupError, TypeError):
        return None
    return None if folder is None else (Path(folder), machine)
