"""Settings of a machine that central can set, and that a key of its `agent.yaml` overrides."""

import enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace import structs

DAY_S = 86400.0


class AfterRun(enum.StrEnum):
    """What happens to the engines of a run's lanes on this machine when the run has ended."""

    KEEP = "keep"
    UNLOAD = "unload"
    STOP = "stop"


class Source(enum.StrEnum):
    """Where the value of a setting comes from."""

    FILE = "agent.yaml"
    CENTRAL = "central"
    DEFAULT = "default"


Folder = Annotated[str, Meta(min_length=1, max_length=1000, pattern="^/")]


class MachineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A null is not set, and leaves the choice to who comes next: file, central, default.

    A run sets its own `sampling_s`; this one is for jobs that are started on the agent directly.
    """

    sampling_s: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=60,
                title="Sampling period",
                description="Seconds between samples of CPU, memory and GPU during a job that is "
                "started on the agent directly; 0 disables them. A run sets its own.",
                extra_json_schema={"unit": "s"},
            ),
        ]
        | None
    ) = None
    heartbeat_interval_s: (
        Annotated[
            float,
            Meta(
                ge=10,
                le=300,
                title="Heartbeat interval",
                description="How often the agent checks its engines and folders, and reports what "
                "has changed; never while a job measures.",
                extra_json_schema={"unit": "s"},
            ),
        ]
        | None
    ) = None
    idle_stop_s: (
        Annotated[
            float,
            Meta(
                ge=10,
                le=7 * DAY_S,
                title="Stop idle engines after",
                description="Stops an engine that the agent started, after it has been idle for "
                "this long. A backend's own `idle_stop_s` overrides it.",
                extra_json_schema={"unit": "s"},
            ),
        ]
        | None
    ) = None
    after_run: (
        Annotated[
            AfterRun,
            Meta(
                title="After a run",
                description="keep: leave engines as they are; unload: take models out of memory; "
                "stop: stop the engines. Only backends that offer the operation are affected.",
            ),
        ]
        | None
    ) = None
    keep_jobs: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=100_000,
                title="Jobs kept",
                description="Finished jobs beyond this number are deleted from the machine, the "
                "oldest first, once central has their data.",
            ),
        ]
        | None
    ) = None
    keep_days: (
        Annotated[
            float,
            Meta(
                ge=0.04,
                le=3650,
                title="Jobs kept for",
                description="Finished jobs that are older are deleted from the machine, once "
                "central has their data.",
                extra_json_schema={"unit": "days"},
            ),
        ]
        | None
    ) = None
    models_dir: (
        Annotated[
            Folder,
            Meta(
                title="Models folder",
                description="Where the machine's engines store models. The agent reports whether "
                "it exists and its free space.",
            ),
        ]
        | None
    ) = None
    model_share: (
        Annotated[
            Folder,
            Meta(
                title="Model share",
                description="Where a shared folder of models is mounted. The agent reports whether "
                "it is mounted and its free space; it mounts nothing.",
            ),
        ]
        | None
    ) = None


class SettingsInUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings as an agent uses them; these are the defaults. Null is never, or none."""

    sampling_s: float = 0.5
    heartbeat_interval_s: float = 60.0
    idle_stop_s: float | None = None
    after_run: AfterRun = AfterRun.KEEP
    keep_jobs: int = 200
    keep_days: float = 14.0
    models_dir: str | None = None
    model_share: str | None = None


NAMES = MachineSettings.__struct_fields__


def combined(
    defaults: SettingsInUse, local: MachineSettings, central: MachineSettings
) -> SettingsInUse:
    """Return the settings that are used: a local value before central's, before the default."""
    values: dict[str, Any] = {
        name: value
        for chosen in (central, local)
        for name in NAMES
        if (value := getattr(chosen, name)) is not None
    }
    return msgspec.structs.replace(defaults, **values)


def source(name: str, local: MachineSettings, central: MachineSettings) -> Source:
    """Return where the value of a setting comes from."""
    if getattr(local, name) is not None:
        return Source.FILE
    return Source.DEFAULT if getattr(central, name) is None else Source.CENTRAL


def of_values(values: dict[str, Any]) -> tuple[MachineSettings, dict[str, str]]:
    """Read settings one by one; return also why those that cannot be used are ignored."""
    good: dict[str, Any] = {}
    ignored: dict[str, str] = {}
    for name, value in values.items():
        try:
            one = structs.convert({name: value}, MachineSettings)
        except msgspec.ValidationError as error:
            unknown = "this agent does not have this setting"
            ignored[name] = str(error) if name in NAMES else unknown
        else:
            good[name] = getattr(one, name)
    return MachineSettings(**good), ignored
