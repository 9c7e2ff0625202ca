"""Free space of the folders that an agent works with; one that hangs holds nothing up."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import anyio

from benchrace.assets.mounts import is_mounted
from benchrace.formatting import file_size
from benchrace.plugin.readiness import Problem
from benchrace.protocol.latch import Latch
from benchrace.protocol.machine_settings import FolderReport

GIB = 1 << 30
FULL_BYTES = 2 * GIB
ROOMY_BYTES = 3 * GIB
_ANSWER_S = 5.0


class Folders:
    """`reports` are those of the last look, `problems` what is wrong with the folders."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._full: dict[str, Latch] = {}
        self._unanswered: set[str] = set()
        self.reports: tuple[FolderReport, ...] = ()
        self.problems: tuple[Problem, ...] = ()

    async def look(self, named: Mapping[str, str | None]) -> None:
        """Look at the data folder, and at the folders that settings name, by the setting."""
        reports = [await self._report(str(self._data), None)]
        for setting, path in named.items():
            if path is not None:
                reports.append(await self._report(path, setting))
        self.reports = tuple(reports)
        problems = (self._problem(report) for report in reports)
        self.problems = tuple(problem for problem in problems if problem is not None)

    async def _report(self, path: str, setting: str | None) -> FolderReport:
        report: FolderReport | None = None
        if path not in self._unanswered:
            with anyio.move_on_after(_ANSWER_S):
                report = await anyio.to_thread.run_sync(
                    self._look, path, setting, abandon_on_cancel=True
                )
        if report is None:
            why = f"does not respond within {_ANSWER_S:g} s"
            return FolderReport(path=path, setting=setting, problem=why)
        return report

    def _look(self, path: str, setting: str | None) -> FolderReport:
        # A share whose server is gone blocks whoever looks at it, without end: one thread.
        self._unanswered.add(path)
        try:
            return look(path, setting)
        finally:
            self._unanswered.discard(path)

    def _problem(self, report: FolderReport) -> Problem | None:
        what = report.setting or "data folder"
        if report.problem is not None:
            return Problem(
                message=f"{what} {report.path} {report.problem}",
                remedy="Create or mount it, or correct the setting.",
            )
        latch = self._full.setdefault(report.path, Latch(on=-FULL_BYTES, off=-ROOMY_BYTES))
        if not latch.judge(None if report.free_bytes is None else -report.free_bytes):
            return None
        return Problem(
            message=f"{what} {report.path} has only {file_size(report.free_bytes)} free",
            remedy="Free some space there.",
        )


def look(path: str, setting: str | None) -> FolderReport:
    """Look at one folder; blocks, for ever where a network file system hangs."""
    place = Path(path)
    try:
        if not place.is_dir():
            why = "is not a folder" if place.exists() else "does not exist"
            return FolderReport(path=path, setting=setting, exists=False, problem=why)
        usage = shutil.disk_usage(place)
        mounted = is_mounted(place)
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
        return FolderReport(path=path, setting=setting, problem=why)
    return FolderReport(
        path=path,
        setting=setting,
        exists=True,
        mounted=mounted,
        total_bytes=usage.total,
        free_bytes=usage.free,
        problem="is not mounted" if setting == "model_share" and not mounted else None,
    )
