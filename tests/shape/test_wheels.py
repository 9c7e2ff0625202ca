"""Every distribution builds a wheel that holds its package and nothing else, and installs alone."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PACKAGES = {
    "benchrace": "benchrace",
    "benchrace-core": "benchrace_core/python/benchrace_core",
    "benchrace-comfyui": "plugins/comfyui/benchrace_comfyui",
    "benchrace-compute": "plugins/compute/benchrace_compute",
    "benchrace-llamacpp": "plugins/llamacpp/benchrace_llamacpp",
    "benchrace-ollama": "plugins/ollama/benchrace_ollama",
    "benchrace-openai": "plugins/openai/benchrace_openai",
    "benchrace-simulated": "plugins/simulated/benchrace_simulated",
    "benchrace-ui": "ui/benchrace_ui",
    "benchrace-whisper": "plugins/whisper/benchrace_whisper",
}
TRIED_BY = {
    "benchrace": "import benchrace.cli.main",
    "benchrace-core": "import benchrace_core._native",
    "benchrace-comfyui": "import benchrace_comfyui.backend",
    "benchrace-compute": "import benchrace_compute.plugin",
    "benchrace-llamacpp": "import benchrace_llamacpp.backend",
    "benchrace-ollama": "import benchrace_ollama.backend",
    "benchrace-openai": "import benchrace_openai.backend",
    "benchrace-simulated": "import benchrace_simulated.fleet.fleet",
    "benchrace-ui": "import benchrace_ui; benchrace_ui.static_folder()",
    "benchrace-whisper": "import benchrace_whisper.faster.backend",
}


def uv(*words: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        [find_uv_bin(), *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build all wheels once, from the tree itself so that cargo finds its finished work."""
    out = tmp_path_factory.mktemp("wheels")
    for name in PACKAGES:
        uv(
            *["build", "--wheel", "--no-sources", "--package"],
            *(name, "--out-dir", out, "--build-constraints", root / "constraints.txt"),
            cwd=root,
        )
    return out


def names_in(wheels: Path, distribution: str) -> list[str]:
    (wheel,) = wheels.glob(f"{distribution.replace('-', '_')}-[0-9]*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


@pytest.mark.parametrize("distribution", PACKAGES)
def test_a_wheel_holds_its_package_alone(wheels: Path, root: Path, distribution: str) -> None:
    folder = root / PACKAGES[distribution]
    names = names_in(wheels, distribution)
    inside = {name for name in names if name.startswith(f"{folder.name}/")}
    outside = {name.split("/", 1)[0] for name in names} - {folder.name}
    wanted = {
        path.relative_to(folder.parent).as_posix()
        for pattern in ("*.py", "*.pyi", "py.typed")
        for path in folder.rglob(pattern)
    }
    assert f"{folder.name}/py.typed" in wanted
    assert wanted <= inside
    assert {
        name for name in inside - wanted if Path(name).suffix in {".py", ".pyi", ".rs"}
    } == set()
    assert [name for name in names if name.endswith("/licenses/LICENSE")] != []
    assert [name for name in names if "tests/" in name or "__pycache__" in name] == []
    assert len(outside) == 1
    assert outside.pop().endswith(".dist-info")


def test_the_page_comes_compressed(wheels: Path) -> None:
    names = set(names_in(wheels, "benchrace-ui"))
    scripts = [name for name in names if name.endswith(".js")]
    assert scripts != []
    compressed = [name for name in scripts if {f"{name}.br", f"{name}.gz"} <= names]
    # A few are shorter than the head of an answer.
    assert len(compressed) > len(scripts) / 2


@pytest.mark.parametrize("distribution", PACKAGES)
def test_a_wheel_installs_alone(
    wheels: Path, root: Path, tmp_path: Path, distribution: str
) -> None:
    venv = tmp_path / "venv"
    uv("venv", "--quiet", "--python", sys.executable, venv, cwd=tmp_path)
    python = venv / "bin/python"
    uv(
        *["pip", "install", "--quiet", "--no-build"],
        *("--python", python, "--find-links", wheels, "--constraints", root / "constraints.txt"),
        distribution,
        cwd=tmp_path,
    )
    tried = subprocess.run(
        [python, "-W", "error", "-c", TRIED_BY[distribution]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr


def test_all_distributions_are_tried_and_agree(root: Path) -> None:
    collected = {}
    for path in [
        root / "pyproject.toml",
        *root.glob("*/pyproject.toml"),
        *root.glob("plugins/*/pyproject.toml"),
    ]:
        project = tomllib.loads(path.read_text())["project"]
        collected[project["name"]] = project
    assert set(PACKAGES) == set(collected)
    assert {project["version"] for project in collected.values()} == {"0.1.0"}
    assert {project["requires-python"] for project in collected.values()} == {">=3.11"}
    assert {project["license"] for project in collected.values()} == {"MIT"}
