"""Whether an engine's package is installed, found out without importing it."""

from importlib import metadata
from importlib.util import find_spec

from benchrace.plugin import BenchraceError, Category, Problem


class Extra:
    """An optional part of this distribution: the package that it brings, and its module."""

    def __init__(self, extra: str, package: str, module: str) -> None:
        self.package = package
        self._extra = extra
        self._module = module

    @property
    def installed(self) -> bool:
        return find_spec(self._module) is not None

    @property
    def version(self) -> str | None:
        """The version of the package, None without it."""
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None

    @property
    def problem(self) -> Problem:
        """What to do about a missing package."""
        return Problem(
            message=f"{self.package} is not installed",
            remedy=(
                f"Install the extra with the agent's Python: pip install "
                f"'./plugins/whisper[{self._extra}]' in a clone, or pip install {self.package}."
            ),
        )

    def require(self) -> None:
        """Raise `validation` if the package is missing."""
        if not self.installed:
            problem = self.problem
            raise BenchraceError(Category.VALIDATION, problem.message, problem.remedy)


FASTER_WHISPER = Extra("faster", "faster-whisper", "faster_whisper")
WHISPER_CPP = Extra("cpp", "pywhispercpp", "pywhispercpp")
