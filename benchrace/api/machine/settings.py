"""Requests and answers about the settings of a machine."""

from typing import Any

import msgspec

from benchrace.config.machine_settings import MachineSettings, SettingsInUse
from benchrace.protocol.machine_settings import SettingsReport


class SettingDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A setting, for a form: `kind` is `number`, `integer`, `text` or `choice`.

    `minimum` and `maximum` are in `unit`; `default` is used where nobody sets it, null for never
    or none.
    """

    name: str
    title: str
    description: str
    kind: str
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    default: Any = None


class MachineSettingsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`wanted` is what central wants, in `version`; a null is left to the agent.

    `agent` is what the agent reports that it uses, and from where; null where it is not known,
    and `reason` says why. `applied` says that the agent uses this version.
    """

    machine_id: str
    version: int
    wanted: MachineSettings
    applied: bool
    agent: SettingsReport | None = None
    reason: str | None = None
    descriptions: tuple[SettingDescription, ...] = ()


class MachineSettingsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings that central wants from now on; `version` is the one that they replace."""

    version: int
    settings: MachineSettings


def descriptions() -> tuple[SettingDescription, ...]:
    """Describe every setting."""
    (_, components) = msgspec.json.schema_components([MachineSettings])
    defaults = msgspec.to_builtins(SettingsInUse())
    schema = components["MachineSettings"]["properties"]
    return tuple(
        _description(name, schema[name]["anyOf"][0], components, defaults[name]) for name in schema
    )


def _description(
    name: str, schema: dict[str, Any], components: dict[str, Any], default: Any
) -> SettingDescription:
    choices: tuple[str, ...] = ()
    kind = {"number": "number", "integer": "integer", "string": "text"}.get(schema.get("type", ""))
    if kind is None:
        reference = schema.get("$ref") or schema["allOf"][0]["$ref"]
        choices = tuple(components[reference.rpartition("/")[2]]["enum"])
    return SettingDescription(
        name=name,
        title=schema["title"],
        description=schema["description"],
        kind=kind or "choice",
        unit=schema.get("unit"),
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        choices=choices,
        default=default,
    )
