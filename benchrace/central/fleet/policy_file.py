"""Replacing `model_policy.yaml`, with a copy of the old one beside it."""

import time
from pathlib import Path

from benchrace import permissions
from benchrace.central.settings import CentralSettings
from benchrace.config.model_policy import ModelPolicy, path_of, text_of, wrong
from benchrace.config.paths import config_dir
from benchrace.errors import InvalidInput
from benchrace.store import atomic

_BACKUPS = 10


def policy_path(settings: CentralSettings) -> Path:
    """Name the file of this central's configuration folder."""
    return path_of(settings.config or config_dir(None))


def write_policy(path: Path, policy: ModelPolicy) -> Path | None:
    """Replace the file, whole or not at all; return the copy of the old one beside it.

    Raises InvalidInput for names that are none or stand twice, `disk_full` or `system`. Blocks.
    """
    if bad := wrong(policy):
        raise InvalidInput(bad)
    try:
        permissions.make_folder(path.parent)
        backup = _back_up(path)
    except OSError as error:
        raise atomic.failure(path, error) from error
    atomic.write(path, text_of(policy).encode())
    return backup


def _back_up(path: Path) -> Path | None:
    if not path.exists():
        return None
    now_s = time.time()
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_s))
    backup = path.with_name(f"{path.name}.{stamp}.{int(now_s % 1 * 1000):03}Z.bak")
    atomic.write(backup, path.read_bytes())
    for old in sorted(path.parent.glob(f"{path.name}.*.bak"))[:-_BACKUPS]:
        old.unlink(missing_ok=True)
    return backup
