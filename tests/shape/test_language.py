"""Commits, folders and tests are named and laid out alike."""

import re
import subprocess
from pathlib import Path

import pytest

# Commits after this one are held to the form of subjects.
BASE = "f87cda438de4dcffaa9b2c3d14afc43cb868600c"
SUBJECT = re.compile(r"[a-z0-9_.,/ -]+: \S.*")
# What `git revert` writes names a subject that was held to it.
REVERT = 'Revert "'
MAX_SUBJECT = 72
MAX_MODULES = 18
# Folders of tests that are not of one folder of benchrace.
WHOLE = frozenset(("browser", "deploy", "docs", "engine", "faults", "flow", "shape"))


def test_subjects_of_commits(root: Path) -> None:
    def git(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["git", *words]
        return subprocess.run(command, check=False, cwd=root, capture_output=True, text=True)

    if git("merge-base", "--is-ancestor", BASE, "HEAD").returncode:
        pytest.skip("no git history back to the base commit")
    subjects = git("log", "--no-merges", "--format=%s", f"{BASE}..HEAD").stdout.splitlines()
    assert [
        subject
        for subject in subjects
        if not subject.startswith(REVERT)
        and (len(subject) > MAX_SUBJECT or SUBJECT.fullmatch(subject) is None)
    ] == []


def test_folders_are_small(python_files: list[Path], root: Path) -> None:
    counts: dict[str, int] = {}
    for path in python_files:
        folder = path.relative_to(root).parent.as_posix()
        if folder.split("/")[0] == "benchrace" and path.name != "__init__.py":
            counts[folder] = counts.get(folder, 0) + 1
    assert counts
    assert {folder: count for folder, count in counts.items() if count > MAX_MODULES} == {}


def test_tests_mirror_the_code(python_files: list[Path], root: Path) -> None:
    folders = {
        path.parent.relative_to(root / "tests")
        for path in python_files
        if path.is_relative_to(root / "tests") and path.name.startswith("test_")
    }
    assert folders
    missing = [
        folder.as_posix()
        for folder in sorted(folders)
        if folder.parts and folder.parts[0] not in WHOLE
        if not (root / "benchrace" / folder).is_dir()
    ]
    assert missing == []
