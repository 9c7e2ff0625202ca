"""The unit file of systemd. Pure."""

from pathlib import Path

from benchrace.cli.service.install.unit import AGENT, Unit, check_text

SYSTEM_UNITS = Path("/etc/systemd/system")
# Units of the same user, as `systemctl --user` looks for them.
USER_UNITS = Path("systemd/user")
_DATA, _MACHINE = "X-DataDir=", "X-MachineId="

_HEAD = """\
# Written by `benchrace {component} service install`, which replaces it. Change it with
# `systemctl {scope}edit {name}`.
[Unit]
Description={title}
Documentation=man:systemd.service(5)
{network}StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart={command}
# An invalid option or file (exit 2) stays invalid: it is not tried again.
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
KillSignal=SIGTERM
TimeoutStopSec=30
UMask=0077
"""

# The units of a user do not see the network's.
_NETWORK = """\
After=network-online.target
Wants=network-online.target
"""

_AGENT = """\
# The agent ends its workers itself, and they end when it dies. Engines that it started keep
# running, so only the agent is signalled.
KillMode=process
# A worker or an engine that runs out of memory ends alone.
OOMPolicy=continue
TasksMax=infinity
"""

_CENTRAL = """\
KillMode=mixed
"""

# What needs no namespace, so that it also holds for the units of a user.
_ALWAYS = """\
# Programs that it starts cannot gain privileges: `sudo` in an engine's command does not work.
NoNewPrivileges=yes
# HTTP, the link to central, and the list of network interfaces.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictSUIDSGID=yes
LockPersonality=yes
"""

# A system service alone: without root these need user namespaces, which some systems disable.
_SYSTEM = """\
CapabilityBoundingSet=
# Everything is read-only but what is listed.
ProtectSystem=strict
ReadWritePaths={data}
ProtectHome=read-only
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectHostname=yes
"""

_SYSTEM_AGENT = """\
# Agents of this machine share a lock in /tmp, so that only one measures at a time:
# PrivateTmp would hide it.
ReadWritePaths=/tmp /var/tmp
# Not set, because the agent reads sensors and engines use GPUs: PrivateDevices, ProtectClock and
# DevicePolicy hide GPUs; MemoryDenyWriteExecute stops JIT compilers; ProcSubset and ProtectProc
# hide the load that disturbs a measurement; RestrictRealtime and SystemCallFilter stop GPU
# drivers and profilers; PrivateUsers drops the groups that own GPUs.
"""

_CENTRAL_ONLY = """\
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectKernelTunables=yes
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
"""

_TAIL = """\

[Install]
WantedBy={target}

[X-Benchrace]
"""


def name(component: str) -> str:
    """Return the name of a component's unit."""
    return f"benchrace-{component}.service"


def unit_file(unit: Unit) -> str:
    """Return the whole unit; raises InvalidInput for a path or a text that no unit can hold."""
    agent = unit.component == AGENT
    parts = [
        _HEAD.format(
            component=unit.component,
            title=unit.title,
            name=name(unit.component),
            scope="" if unit.system else "--user ",
            network=_NETWORK if unit.system else "",
            command=" ".join(_quoted(argument) for argument in unit.command),
        ),
        _AGENT if agent else _CENTRAL,
        _identity(unit),
        _ALWAYS,
    ]
    if unit.system:
        data = _quoted(str(unit.data), command=False)
        parts += [_SYSTEM.format(data=data), _SYSTEM_AGENT if agent else _CENTRAL_ONLY]
    parts.append(_TAIL.format(target="multi-user.target" if unit.system else "default.target"))
    parts.append(f"{_DATA}{unit.data}\n")
    if unit.machine_id is not None:
        parts.append(f"{_MACHINE}{unit.machine_id}\n")
    return "".join(parts)


def served(text: str) -> tuple[Path, str | None] | None:
    """Return data folder and machine of a unit file; None for one that is not benchrace's."""
    values = {
        key: line.removeprefix(key)
        for line in text.splitlines()
        for key in (_DATA, _MACHINE)
        if line.startswith(key)
    }
    return (Path(values[_DATA]), values.get(_MACHINE)) if _DATA in values else None


def _identity(unit: Unit) -> str:
    if not unit.system:
        return ""
    lines = [f"User={unit.user}", f"Group={unit.user}"]
    if unit.groups:
        lines = [*lines, "# They own the GPUs.", f"SupplementaryGroups={' '.join(unit.groups)}"]
    return "\n".join(lines) + "\n"


def _quoted(text: str, *, command: bool = True) -> str:
    """Return a text as one word of a unit: no specifier, and no variable in a command."""
    escaped = check_text("text", text).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if command:
        escaped = escaped.replace("$", "$$")
    plain = escaped.replace("/", "").replace("-", "").replace(".", "").replace("_", "")
    return escaped if plain.isalnum() and plain.isascii() else f'"{escaped}"'
