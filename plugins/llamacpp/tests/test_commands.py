"""Builds of llama.cpp, as its programs print them."""

import pytest

from benchrace_llamacpp.commands import build_in, differ


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("version: 0.5.0-dev (build 11434, commit 0c1e570)\nbuilt with GNU", "b11434-0c1e570"),
        ("version: 4719 (d774ab3a)\nbuilt with cc", "b4719-d774ab3a"),
        ("version: 4719\nbuilt with cc", "b4719-unknown"),
        ("version: 0 (d774ab3a)", "b0-d774ab3a"),
        ("version: 0 (unknown)", None),
        ("version: 0.5.0-dev (build 0, commit unknown)", None),
        ("version: 0.5.0-dev", None),
        ("version: 0.5.0-dev (d774ab3a)", None),
        ("version: 0-dev", None),
        ("usage: llama-server", None),
    ],
)
def test_builds_by_their_versions(text: str, build: str | None) -> None:
    assert build_in(text) == build


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("b11434-0c1e570", "b11434-0c1e570", False),
        ("b11434-0c1e570", "b1-0c1e570ab", False),
        ("b0-0c1e570", "b0-d774ab3a", True),
        ("b4719-unknown", "b4719-d774ab3a", False),
        ("b4719-unknown", "b4720-d774ab3a", True),
        ("b0-d774ab3a", "b4719-unknown", False),
        (None, "b4719-unknown", False),
        ("b4719-d774ab3a", None, False),
        ("custom", "other", True),
        ("custom", "custom", False),
    ],
)
def test_one_commit_is_one_build(one: str | None, other: str | None, *, different: bool) -> None:
    assert differ(one, other) is different
    assert differ(other, one) is different
