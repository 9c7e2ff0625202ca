"""The folder with the wheels to go back with: `pending` during an update, `earlier` afterwards."""

import shutil
import tempfile
from importlib.metadata import Distribution
from pathlib import Path

from benchrace.cli.agent.update import distributions
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic

EARLIER, PENDING, LIST = "earlier", "pending", "versions.txt"
_PACKING = "packing-"


class EarlierVersion:
    """The wheels of the earlier version, in `store`. Every method blocks."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.pending = store / PENDING
        self.earlier = store / EARLIER

    def left(self) -> dict[str, str]:
        """Return the versions that an update which was killed has kept, none where none was."""
        path = self.pending / LIST
        try:
            lines = path.read_text().splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            message = f"{path} cannot be read: {error}"
            raise BenchraceError(
                Category.SYSTEM, message, f"Delete {self.pending} if the agent works."
            ) from error
        return {name: version for name, _, version in (line.partition("==") for line in lines)}

    def keep(self, current: dict[str, Distribution]) -> None:
        """Pack the installed version as `pending`; a killed one leaves nothing of that name."""
        for folder in self._store.glob(f"{_PACKING}*"):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PACKING, dir=self._store))
            for distribution in current.values():
                distributions.pack(distribution, folder)
            versions = distributions.versions(current)
            lines = (f"{name}=={version}\n" for name, version in versions.items())
            atomic.write(folder / LIST, "".join(lines).encode())
            shutil.rmtree(self.pending, ignore_errors=True)
            folder.rename(self.pending)
        except OSError as error:
            raise atomic.failure(self._store, error) from error

    def wheels(self) -> list[Path]:
        """Return what brings the earlier version back."""
        return sorted(self.pending.glob("*.whl"))

    def finish(self) -> Path:
        """Make `pending` the earlier version, and return its folder."""
        shutil.rmtree(self.earlier, ignore_errors=True)
        try:
            self.pending.rename(self.earlier)
        except OSError as error:
            raise atomic.failure(self.earlier, error) from error
        return self.earlier

    def drop(self) -> None:
        """Delete `pending`: what it holds is installed."""
        shutil.rmtree(self.pending, ignore_errors=True)
