"""An installed distribution can be installed again from the wheel that is made of it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchrace.cli.agent.update.distributions import installed, normalized, pack, versions
from benchrace.cli.agent.update.installer import Pip, unmet, uv_for
from benchrace.errors import BenchraceError
from tests.cli.agent.update.environment import lay_out, write_wheel

UV = shutil.which("uv", path=str(Path(sys.executable).parent))


def test_only_distributions_of_benchrace_are_found(tmp_path: Path) -> None:
    for name in ("benchrace", "Benchrace_Extra", "benchracer", "other"):
        lay_out(tmp_path, name, "1.0")
    assert versions(installed([tmp_path])) == {"benchrace": "1.0", "benchrace-extra": "1.0"}
    assert normalized("A.b__C") == "a-b-c"


def test_a_damaged_distribution_is_named(tmp_path: Path) -> None:
    lay_out(tmp_path, "benchrace", "1.0")
    (tmp_path / "benchrace" / "__init__.py").unlink()
    with pytest.raises(BenchraceError, match=r"benchrace is damaged: benchrace/__init__\.py"):
        pack(installed([tmp_path])["benchrace"], tmp_path)
    (tmp_path / "benchrace-1.0.dist-info" / "RECORD").unlink()
    with pytest.raises(BenchraceError, match="is damaged: it has no RECORD"):
        pack(installed([tmp_path])["benchrace"], tmp_path)


def test_a_wheel_has_the_tags_modes_and_outer_files_of_the_installation(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "site"
    lay_out(site, "benchrace", "1.0")
    info = site / "benchrace-1.0.dist-info"
    (info / "WHEEL").write_text("Tag: cp311-abi3-linux_x86_64\nTag: cp311-abi3-macosx_11_0_arm64\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nbenchrace = benchrace:main\n")
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "outer").write_text("x")
    (site / "benchrace" / "__init__.py").chmod(0o755)
    with (info / "RECORD").open("a") as record:
        record.write("../../bin/benchrace,,\n../../share/outer,,\n")
    wheel = pack(installed([site])["benchrace"], tmp_path, prefix=tmp_path)
    assert wheel.name == "benchrace-1.0-cp311-abi3-linux_x86_64.macosx_11_0_arm64.whl"
    with zipfile.ZipFile(wheel) as packed:
        assert "benchrace-1.0.data/data/share/outer" in packed.namelist()
        assert not any("bin/benchrace" in name for name in packed.namelist())
        assert packed.getinfo("benchrace/__init__.py").external_attr >> 16 & 0o777 == 0o755


@pytest.mark.slow
@pytest.mark.skipif(UV is None, reason="uv is not installed")
def test_a_wheel_that_is_made_of_an_installation_replaces_a_newer_one(tmp_path: Path) -> None:
    assert UV is not None
    venv = tmp_path / "venv"
    make = [UV, "venv", "--offline", "--quiet", "--python", sys.executable, str(venv)]
    subprocess.run(make, check=True, capture_output=True)
    installer = uv_for(UV, str(venv / "bin" / "python"))
    (site,) = venv.glob("lib/python*/site-packages")
    first, second = (write_wheel(tmp_path, "benchrace", version) for version in ("0.1.0", "0.2.0"))
    installer.install(("--no-index", str(first)))
    (tmp_path / "kept").mkdir()
    again = pack(installed([site])["benchrace"], tmp_path / "kept")
    installer.install(("--no-index", str(second)))
    assert versions(installed([site])) == {"benchrace": "0.2.0"}
    installer.put_back((again,))
    assert versions(installed([site])) == {"benchrace": "0.1.0"}
    command = subprocess.run([venv / "bin" / "stand-in"], capture_output=True, check=True)
    assert command.stdout == b"0.1.0\n"
    assert installer.problems() == frozenset()
    with pytest.raises(BenchraceError, match=r"(?s)install` failed: .*missing"):
        installer.install(("--no-index", "benchrace-missing"))
    installer.uninstall(["benchrace"])
    assert installed([site]) == {}


def test_an_installer_that_cannot_be_started_is_named() -> None:
    with pytest.raises(BenchraceError, match="`/none/pip` cannot be used"):
        Pip(("/none/pip",)).install(("x",))


def test_requirements_are_compared_without_the_version_that_an_update_changes() -> None:
    before = unmet(
        [
            "Checked 9 packages in 3ms",
            "a 0.1.0 requires b, which is not installed.",
            "e 1.0 has requirement a<0.1, but you have a 0.1.0.",
            "f 0.1.0 is not supported on this platform",
        ]
    )
    after = unmet(
        [
            "Checked 9 packages in 2ms",
            "a 0.2.0 requires b, which is not installed.",
            "e 1.0 has requirement a<0.1, but you have a 0.2.0.",
            "f 0.2.0 is not supported on this platform",
            "c 1.0 has requirement a<0.2, but you have a 0.2.0.",
            "The package `d` requires `a<0.2`, but `0.2.0` is installed",
        ]
    )
    assert after - before == {
        "c has requirement a<0.2",
        "The package `d` requires `a<0.2`",
    }


def test_configuration_names_no_other_wheels_and_a_failed_check_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/elsewhere")
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\necho "links=$PIP_FIND_LINKS config=$PIP_CONFIG_FILE"; exit 2\n')
    pip.chmod(0o755)
    installer = Pip((str(pip),))
    with pytest.raises(BenchraceError, match="links= config=/dev/null"):
        installer.install(("--no-index", "a.whl"))
    with pytest.raises(BenchraceError, match="links=/elsewhere"):
        installer.install(("--upgrade", "benchrace"))
    with pytest.raises(BenchraceError, match="check` failed"):
        installer.problems()
