"""What a central leaves behind when it dies in the middle of something."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchrace.config.paths import runs_dir

DELETED = ".deleted-"
# A damaged index may be looked at for a week; whatever was in it has been rebuilt.
_BAD_INDEX, _BAD_S = "index.sqlite.bad-*", 7 * 86400.0


def sweep(data: Path) -> Iterator[Path]:
    """Remove runs that were half deleted, and damaged indexes after a week; yield each. Blocks.

    What cannot be removed stays until the next time.
    """
    import shutil  # Takes compression along, and most processes only need the prefix.

    for path in sorted(runs_dir(data).glob(f"{DELETED}*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                yield path
    for path in sorted(data.glob(_BAD_INDEX)):
        try:
            if time.time() - path.lstat().st_mtime > _BAD_S and not path.is_dir():
                path.unlink()
                yield path
        except OSError:
            continue
