"""How to install benchrace's own plugins from its repository."""

import shlex
from collections.abc import Iterable
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
_KERNELS = "compute"


def how_to_install(name: str, clone: Path = CLONE) -> str:
    """Return in a sentence where the plugin `name` is, and how it is installed on a machine."""
    folder = name.removeprefix("benchrace-").replace("_", "-")
    names = plugins_in(clone)
    if not names:
        return (
            "The plugins of benchrace are in the folder plugins/ of its repository. In a clone of "
            f"it, with the agent's Python, run: {command(folder, Path())}"
        )
    if folder in names:
        return f"Install it from the clone, with the agent's Python: {command(folder, clone)}"
    return (
        f"benchrace has no plugin for it yet; its repository has {', '.join(names)}. "
        "Install the package that provides it, if another author has published one."
    )


def command(folder: str, clone: Path) -> str:
    """Return the command that installs a plugin from a clone; the kernels come with theirs."""
    parts = [Path("plugins") / folder]
    if folder == _KERNELS:
        parts.insert(0, Path("benchrace_core"))
    named = [str(clone / part) if clone != Path() else f"./{part}" for part in parts]
    return shlex.join(["pip", "install", *named])


def plugins_in(clone: Path) -> tuple[str, ...]:
    """List the plugins of a clone; none where benchrace was installed without one."""
    manifests: Iterable[Path] = (clone / "plugins").glob("*/pyproject.toml")
    return tuple(sorted(path.parent.name for path in manifests))
