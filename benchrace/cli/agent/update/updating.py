"""One update: keep the earlier version, install, start, and go back where that fails.

All that is used after the installation is imported here, at the top: by then the files on the disk
are another version's.
"""

import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import Distribution
from pathlib import Path

import msgspec

from benchrace import permissions
from benchrace.cli.agent.health import agent_health
from benchrace.cli.agent.idle import check_idle
from benchrace.cli.agent.update import distributions
from benchrace.cli.agent.update.distributions import MAIN
from benchrace.cli.agent.update.earlier import EarlierVersion
from benchrace.cli.agent.update.environment import check_changeable, check_unused
from benchrace.cli.agent.update.installer import Installer
from benchrace.cli.agent.update.process import AgentProcess
from benchrace.cli.agent.update.signals import held_off, interrupting
from benchrace.cli.service.service import Record, Service
from benchrace.errors import BenchraceError, Category, with_remedy
from benchrace.store import atomic
from benchrace.store.journal import Journal

# Prepares the new version in a folder, and returns the words for the installer.
Source = Callable[[Path, Iterable[str]], tuple[str, ...]]
Installed = Callable[[], dict[str, Distribution]]


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """Versions by distribution; `pid` is the agent's, null where none ran.

    `earlier` is the folder of the wheels to go back with, null where nothing has changed.
    """

    before: dict[str, str]
    after: dict[str, str]
    earlier: str | None
    pid: int | None


class Update:
    """Updates the environment of one agent; `store` is the folder for the earlier version's wheels.

    `store` belongs to the environment, and so does its lock. `say` shows each step.
    """

    def __init__(
        self,
        *,
        service: Service,
        process: AgentProcess,
        installer: Installer,
        store: Path,
        say: Callable[[str, str], None],
        installed: Installed = distributions.installed,
    ) -> None:
        self._service = service
        self._process = process
        self._installer = installer
        self._store = store
        self._earlier = EarlierVersion(store)
        self._say = say
        self._installed = installed
        # Whether all of the earlier version is installed, so that its wheels are not needed.
        self._is_whole = True

    def run(self, source: Source) -> Updated:
        """Update from `source`; raises why not, and the earlier version then runs as before."""
        current = self._installed()
        # First, because it says better than a lock that cannot be made what is missing.
        check_changeable({Path(str(one.locate_file(""))) for one in current.values()})
        try:
            permissions.make_folder(self._store)
        except OSError as error:
            raise atomic.failure(self._store, error) from error
        with Journal(self._store / "update.lock"), tempfile.TemporaryDirectory() as folder:
            return self._run(source, Path(folder), current)

    def _run(self, source: Source, folder: Path, current: dict[str, Distribution]) -> Updated:
        for distribution in current.values():
            distributions.check_replaceable(distribution)
        # What an update that was killed has installed may be incomplete, and cannot be kept.
        left = self._earlier.left()
        before = left or distributions.versions(current)
        self._is_whole = not left
        words = source(folder, sorted(current.keys() | left.keys()))
        self._say("new version", "prepared and checked")
        problems = self._installer.problems()
        check_unused(self._service)
        if left:
            self._say("packed", f"left by an interrupted update: benchrace {before[MAIN]}")
        else:
            self._earlier.keep(current)
            self._say("packed", "the installed version, for a rollback")
        with interrupting():
            after, record = self._replace(words, before, problems)
        return Updated(
            before=before,
            after=after,
            earlier=self._finish(before, after),
            pid=None if record is None else record.pid,
        )

    def _replace(
        self, words: tuple[str, ...], before: dict[str, str], problems: frozenset[str]
    ) -> tuple[dict[str, str], Record | None]:
        """Stop the agent, install, and start it; return the versions and the agent's record."""
        try:
            check_idle(self._service)
        except BaseException:
            self._drop()
            raise
        steps: list[Callable[[], object]] = [self._process.start]
        try:
            self._process.stop()
            self._is_whole = False
            steps = [self._process.stop, partial(self._put_back, before), self._process.start]
            self._install(words, problems)
            after = distributions.versions(self._installed())
            self._say("installed", _changes(before, after))
            return after, self._start(after[MAIN])
        except BaseException as error:
            with held_off():
                self._go_back(before, steps, error)
            raise

    def _finish(self, before: dict[str, str], after: dict[str, str]) -> str | None:
        if before == after:
            # The earlier version that is kept is still the one before.
            self._earlier.drop()
            self._say("unchanged", "the installed versions have not changed")
            return None
        earlier = self._earlier.finish()
        self._say("kept", f"the earlier version, in {earlier}")
        return str(earlier)

    def _install(self, words: tuple[str, ...], problems: frozenset[str]) -> None:
        self._installer.install(words)
        if unmet := sorted(self._installer.problems() - problems):
            raise BenchraceError(
                Category.SYSTEM,
                f"the new version conflicts with installed packages: {'; '.join(unmet)}",
                "Update the plugins as well, in the same command.",
            )

    def _start(self, version: str) -> Record | None:
        """Start the agent, and ask it for its health; raises why it is not the new version."""
        record = self._process.start()
        if record is None:
            return None
        health = agent_health(record, self._service.log)
        if not health.ok or health.version != version:
            raise BenchraceError(
                Category.SYSTEM,
                f"the agent that was started is version {health.version}, not {version}",
                "Check which environment its service uses: `benchrace agent service status`.",
            )
        self._say("ready", f"benchrace {version} at {record.url} (process {record.pid})")
        return record

    def _put_back(self, before: dict[str, str]) -> None:
        self._installer.put_back(self._earlier.wheels())
        if added := sorted(self._installed().keys() - before.keys()):
            self._installer.uninstall(added)
        self._is_whole = True

    def _drop(self) -> None:
        """Delete the wheels to go back with, unless the next update may need them."""
        if self._is_whole:
            self._earlier.drop()

    def _go_back(
        self, before: dict[str, str], steps: list[Callable[[], object]], error: BaseException
    ) -> None:
        """Take the steps back, each even if another fails; raises how that and the update ended."""
        what = str(error) or type(error).__name__
        failures: list[str] = []
        for step in steps:
            try:
                step()
            except (BenchraceError, OSError) as failure:
                failures.append(str(failure))
        if failures:
            if isinstance(error, BenchraceError):
                what = with_remedy(error.message, error.remedy)
            raise BenchraceError(
                Category.SYSTEM,
                f"the update failed: {what} Going back failed as well: {'; '.join(failures)}",
                f"Check `benchrace agent status`. If the agent does not run, install the wheels in "
                f"{self._earlier.pending} by hand, and run `benchrace agent start`.",
            ) from error
        self._drop()
        if isinstance(error, BenchraceError):
            back = f", and benchrace {before[MAIN]} is back" if self._is_whole else ""
            raise BenchraceError(
                error.category,
                f"the update failed{back}: {error.message}",
                error.remedy,
            ) from error
        self._say("back", f"benchrace {before[MAIN]}: the update was ended ({what})")


def _changes(before: dict[str, str], after: dict[str, str]) -> str:
    changed = [
        f"{name} {before.get(name, 'new')} -> {after.get(name, 'removed')}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    return ", ".join(changed) or "the same versions as before"
