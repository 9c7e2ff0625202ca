"""Units of systemd and launchd: valid, hardened, without secrets."""

import os
import plistlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec
import pytest

from benchrace.cli.service.install import launchd, systemd
from benchrace.cli.service.install.unit import Unit
from benchrace.errors import InvalidInput

UNITS = [
    Unit(
        component=component,
        arguments=(component, "--data-dir", "/var/lib/my data/100%", "--label", 'a "$HOME" \\ b'),
        data=Path("/var/lib/my data/100%"),
        config=Path("/etc/benchrace"),
        log=Path("/var/lib/my data/100%/logs/x.log"),
        machine_id="gpu.box-1" if component == "agent" else None,
        system=system,
        user="root" if system else None,
        groups=("root",) if component == "agent" and system else (),
    )
    for component in ("agent", "central")
    for system in (False, True)
]
LAUNCHD_KEYS = {
    "AbandonProcessGroup",
    "EnvironmentVariables",
    "ExitTimeOut",
    "KeepAlive",
    "Label",
    "ProcessType",
    "ProgramArguments",
    "RunAtLoad",
    "StandardErrorPath",
    "StandardOutPath",
    "ThrottleInterval",
    "Umask",
    "UserName",
}
HIDES_GPUS = ("PrivateDevices", "ProtectClock", "DevicePolicy", "MemoryDenyWriteExecute")


def name(unit: Unit) -> str:
    return f"{unit.component}-{'system' if unit.system else 'user'}"


def settings(unit: Unit) -> list[str]:
    lines = systemd.unit_file(unit).splitlines()
    return [line for line in lines if line and not line.startswith(("#", "["))]


def complaints(text: str, unit: Unit, folder: Path) -> list[str]:
    """Return what systemd says of a unit; other units of this machine do not matter here."""
    path = folder / systemd.name(unit.component)
    path.write_text(text)
    scope = () if unit.system else ("--user",)
    # A short path: sockets of other units are below it.
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:
        done = subprocess.run(
            ["systemd-analyze", *scope, "verify", "--man=no", "--recursive-errors=yes", str(path)],
            capture_output=True,
            text=True,
            env=os.environ | {"XDG_RUNTIME_DIR": runtime},
            check=False,
        )
    return [line for line in done.stderr.splitlines() if path.name in line]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_systemd_accepts_the_unit(unit: Unit, tmp_path: Path) -> None:
    text = systemd.unit_file(unit)
    assert complaints(text, unit, tmp_path) == []
    assert complaints(text.replace("UMask=0077", "UMask=x"), unit, tmp_path) != []


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_a_unit_is_hardened(unit: Unit) -> None:
    lines = settings(unit)
    assert {"NoNewPrivileges=yes", "UMask=0077", "Restart=on-failure"} <= set(lines)
    if unit.system:
        assert {"ProtectSystem=strict", "CapabilityBoundingSet="} <= set(lines)
        assert 'ReadWritePaths="/var/lib/my data/100%%"' in lines
    else:
        assert not [line for line in lines if line.startswith(("Protect", "Private", "User="))]


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.component == "agent"], ids=name)
def test_an_agent_sees_gpus_and_leaves_engines_running(unit: Unit) -> None:
    lines = settings(unit)
    assert not [line for line in lines if line.startswith(HIDES_GPUS)]
    assert {"KillMode=process", "OOMPolicy=continue"} <= set(lines)
    assert ("SupplementaryGroups=root" in lines) == unit.system


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_a_command_line_is_taken_as_it_is(unit: Unit) -> None:
    (line,) = [line for line in settings(unit) if line.startswith("ExecStart=")]
    assert line.endswith(r'--data-dir "/var/lib/my data/100%%" --label "a \"$$HOME\" \\ b"')


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_what_a_unit_serves_is_read_back(unit: Unit) -> None:
    served = (unit.data, unit.machine_id)
    assert systemd.served(systemd.unit_file(unit)) == served
    words = unit.arguments + (("--machine-id", unit.machine_id) if unit.machine_id else ())
    again = msgspec.structs.replace(unit, arguments=words)
    assert launchd.served(launchd.property_list(again)) == served


@pytest.mark.parametrize("foreign", [b"", b"<plist>", b"<?xml version='1.0'?><plist/>", b"[Unit]"])
def test_other_files_serve_nothing(foreign: bytes) -> None:
    assert launchd.served(foreign) is None
    assert systemd.served(foreign.decode()) is None


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_a_property_list_has_known_keys(unit: Unit) -> None:
    job = plistlib.loads(launchd.property_list(unit))
    assert set(job) <= LAUNCHD_KEYS
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert ("UserName" in job) == unit.system
    assert job.get("AbandonProcessGroup", False) == (unit.component == "agent")
    assert job["ProgramArguments"][-2:] == ["--log-file", str(unit.log)]


def test_control_characters_are_refused() -> None:
    unit = msgspec.structs.replace(UNITS[0], arguments=("agent", "--label", "a\nExecStart=/bin/x"))
    for render in (systemd.unit_file, launchd.property_list):
        with pytest.raises(InvalidInput, match="control characters"):
            render(unit)
