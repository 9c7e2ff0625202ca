"""Detection of plugins that are installed, upgraded or removed while the agent runs."""

import importlib
import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from benchrace import __version__
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import RESTART

_INSTALL = "Install benchrace again, then start the agent."
Stamp = tuple[tuple[str, int], ...]


def stamp() -> Stamp:
    """Return what differs after anything was installed, upgraded or removed. Blocks."""
    return tuple((str(folder), _changed_ns(folder)) for folder in _folders())


def _changed_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0  # It went away meanwhile, which differs from what it was.


def newest_file(ref: PluginRef) -> int:
    """Return when a plugin's newest module was written, in ns; 0 where it has none. Blocks."""
    spec = _spec(ref.module.split(":")[0].split(".")[0])
    if spec is None:
        return 0
    files = [file for place in spec.submodule_search_locations or () for file in _modules(place)]
    if spec.origin is not None and Path(spec.origin).is_file():
        files.append(Path(spec.origin))
    return max((file.stat().st_mtime_ns for file in files), default=0)


def restart_reason() -> Problem | None:
    """Return why this process does not fit the workers that it would start. Blocks."""
    if not Path(sys.executable).exists():
        message = f"the Python that runs this agent was deleted: {sys.executable}"
        return Problem(message=message, remedy=_INSTALL)
    try:
        now = metadata.version("benchrace")
    except metadata.PackageNotFoundError:
        message = f"benchrace {__version__} is running, but it was uninstalled"
        return Problem(message=message, remedy=_INSTALL)
    if now == __version__:
        return None
    message = f"benchrace {now} is installed, but version {__version__} is still running"
    return Problem(message=message, remedy=RESTART)


def _modules(place: str) -> Iterator[Path]:
    return Path(place).rglob("*.py")


def _spec(package: str) -> ModuleSpec | None:
    # This process has read its folders, and their .pth files, when it began.
    importlib.invalidate_caches()
    return importlib.util.find_spec(package) or PathFinder.find_spec(package, list(_added()))


def _folders() -> tuple[Path, ...]:
    """Return where distributions are installed: the environment, the user's site, PYTHONPATH."""
    named = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    if site.ENABLE_USER_SITE:
        named.append(site.getusersitepackages())
    named += os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return tuple(Path(name) for name in dict.fromkeys(named) if name and Path(name).is_dir())


def _added() -> Iterator[str]:
    """Yield the folders of editable installs that came after the start of this process."""
    for folder in _folders():
        for path in folder.glob("*.pth"):
            for line in path.read_text(errors="replace").splitlines():
                if line.startswith("/") and Path(line).is_dir():
                    yield line
