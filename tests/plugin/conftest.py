"""Fixtures that build small plugins and install them into a folder of their own."""

import subprocess
import zipfile
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

import pytest
from uv import find_uv_bin

from benchrace.plugin.host.entry_points import GROUP, PluginRef

Install = Callable[..., tuple[PluginRef, ...]]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return an empty folder to install into; it is on the path of workers."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(site: Path) -> Mapping[str, str]:
    return {"PYTHONPATH": str(site)}


@pytest.fixture
def install(site: Path, tmp_path: Path) -> Install:
    """Return a function that installs a distribution of one module from a wheel."""

    def installed(name: str, source: str, entry: str | None = None) -> tuple[PluginRef, ...]:
        wheel = make_wheel(tmp_path, name, source, entry or name)
        pip_install(site, wheel)
        return refs_in(site)

    return installed


def make_wheel(folder: Path, distribution: str, source: str, entry: str) -> Path:
    """Build the wheel by hand: no build backend, no network."""
    module = f"{distribution}_module"
    info = f"{distribution}-1.0.dist-info"
    path = folder / f"{distribution}-1.0-py3-none-any.whl"
    files = {
        f"{module}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[{GROUP}]\n{entry} = {module}\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def pip_install(site: Path, *what: Path | str) -> None:
    command = [find_uv_bin(), "pip", "install", "--quiet", "--offline", "--no-deps"]
    done = subprocess.run(
        [*command, "--target", site, *what], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def refs_in(site: Path) -> tuple[PluginRef, ...]:
    """List the entry points of what is installed in `site`."""
    return tuple(
        PluginRef(
            name=entry_point.name,
            module=entry_point.value,
            distribution=distribution.metadata["Name"],
            version=distribution.version,
        )
        for distribution in sorted(
            metadata.distributions(path=[str(site)]),
            key=lambda distribution: distribution.metadata["Name"],
        )
        for entry_point in distribution.entry_points
        if entry_point.group == GROUP
    )
