"""Paths of the data and configuration folders."""

import os
from pathlib import Path
from typing import Literal

from benchrace import permissions

APP = "benchrace"
_OUR_FOLDERS = frozenset({"agents", "cache", "central", "engines", "jobs", "logs", "runs"})
_OUR_FILES = ("central.", "commands.lock", "index.sqlite", "starting.lock", "timing.")


def data_dir(chosen: str | Path | None = None) -> Path:
    """Return the data folder: `--data-dir`, `BENCHRACE_DATA_DIR`, or the platform's own."""
    named = chosen or os.environ.get("BENCHRACE_DATA_DIR")
    return Path(named or _of_platform("data")).expanduser().absolute()


def config_dir(chosen: str | Path | None = None) -> Path:
    """Return the configuration folder.

    `--config-dir`, `BENCHRACE_CONFIG_DIR`, `./config` where it exists, or the platform's own.
    """
    named = chosen or os.environ.get("BENCHRACE_CONFIG_DIR")
    if named:
        return Path(named).expanduser().absolute()
    local = Path("config")
    if local.is_dir():
        return local.absolute()
    return Path(_of_platform("config")).absolute()


def _of_platform(what: Literal["data", "config"]) -> str:
    import platformdirs  # Not needed where the environment names the folders.

    match what:
        case "data":
            return platformdirs.user_data_dir(APP, appauthor=False)
        case "config":
            return platformdirs.user_config_dir(APP, appauthor=False)


def make_private(data: Path) -> None:
    """Make files private that older versions left readable by others. Blocks.

    Only what benchrace creates there: the folder itself may be a person's own.
    """
    try:
        names = [path.name for path in data.iterdir()]
    except OSError:
        return
    for name in names:
        if name in _OUR_FOLDERS or name.startswith(_OUR_FILES):
            permissions.tighten(data / name)


def jobs_dir(data: Path) -> Path:
    """Return the folder of the agents' jobs below a data folder."""
    return data / "jobs"


def runs_dir(data: Path) -> Path:
    """Return the folder of central's runs below a data folder."""
    return data / "runs"
