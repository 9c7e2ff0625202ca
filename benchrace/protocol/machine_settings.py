"""The settings of a machine as agent and central exchange them."""

from typing import Any

import msgspec

from benchrace.config.machine_settings import Source


class SettingUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The value that an agent uses, and where it comes from."""

    value: Any
    source: Source


class FolderReport(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that an agent watches; a null is unknown, and `problem` says why.

    `setting` is the one that names it, null for the agent's own data folder. `mounted` says that
    it is a mount point.
    """

    path: str
    setting: str | None = None
    exists: bool | None = None
    mounted: bool | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None
    problem: str | None = None


class SettingsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that an agent uses, by name; it applies this `version` of central's.

    `waiting` says why a newer version is not applied yet; `ignored` why some of central's settings
    cannot be applied at all.
    """

    version: int
    used: dict[str, SettingUsed]
    folders: tuple[FolderReport, ...] = ()
    ignored: dict[str, str] = {}
    waiting: str | None = None
