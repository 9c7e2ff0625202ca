"""What a machine was when it was measured, and why a figure of then does not hold now; pure."""

from typing import Any

import msgspec

from benchrace import structs


class PowerMode(msgspec.Struct, frozen=True, kw_only=True):
    """The part of `Power` that is a mode, not a reading."""

    on_battery: bool | None = None
    governor: str | None = None
    preference: str | None = None
    profile: str | None = None
    turbo: bool | None = None
    low_power_mode: bool | None = None


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    power: PowerMode = PowerMode()


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """The part of `Capabilities` on which ceilings depend, of an agent of any version."""

    fingerprint: str = ""
    environment: _Environment = _Environment()

    @property
    def power(self) -> PowerMode:
        return self.environment.power


def conditions(described: Any) -> Conditions | None:
    """Read a machine's description; None where it is of no use."""
    try:
        return structs.convert(described, Conditions, from_attributes=True)
    except msgspec.ValidationError:
        return None


def changed(then: Conditions, now: Conditions) -> str | None:
    """Return why what was measured then does not hold now; None where it does.

    What is unknown on one side counts as unchanged.
    """
    if then.fingerprint and now.fingerprint and then.fingerprint != now.fingerprint:
        return "the machine's hardware has changed since"
    for name in PowerMode.__struct_fields__:
        before, after = getattr(then.power, name), getattr(now.power, name)
        if before is not None and after is not None and before != after:
            title = name.replace("_", " ")
            return f"the power mode has changed since: {title} {_text(before)}, now {_text(after)}"
    return None


def _text(value: object) -> str:
    return ("off", "on")[value] if isinstance(value, bool) else str(value)
