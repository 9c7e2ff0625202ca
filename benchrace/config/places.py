"""Where data and configuration live."""

import os
from pathlib import Path

import platformdirs

APP = "benchrace"


def data_dir(chosen: str | Path | None = None) -> Path:
    """Give the data folder: what was chosen, `BENCHRACE_DATA_DIR`, or the platform's own."""
    named = chosen or os.environ.get("BENCHRACE_DATA_DIR")
    return Path(named or platformdirs.user_data_dir(APP, appauthor=False)).expanduser().absolute()


def config_dir(chosen: str | Path | None = None) -> Path:
    """Give the configuration folder.

    What was chosen, `BENCHRACE_CONFIG_DIR`, `./config` where it exists, or the platform's own.
    """
    named = chosen or os.environ.get("BENCHRACE_CONFIG_DIR")
    if named:
        return Path(named).expanduser().absolute()
    local = Path("config")
    if local.is_dir():
        return local.absolute()
    return Path(platformdirs.user_config_dir(APP, appauthor=False)).absolute()


def jobs_dir(data: Path) -> Path:
    """Give the folder of the agents' jobs below a data folder."""
    return data / "jobs"


def runs_dir(data: Path) -> Path:
    """Give the folder of central's runs below a data folder."""
    return data / "runs"
