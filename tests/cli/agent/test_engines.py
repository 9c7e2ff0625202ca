"""What `agent preflight` says of engines, from probes."""

from pathlib import Path

import pytest

from benchrace.cli.agent import engines
from benchrace.errors import BenchraceError, Category
from benchrace.plugin import Model, Probe, Problem


def checked(monkeypatch: pytest.MonkeyPatch, probes: dict[str, Probe]) -> list[tuple[str, ...]]:
    async def probe(data: Path, tables: object) -> dict[str, Probe]:
        return probes

    monkeypatch.setattr(engines, "_probe", probe)
    checks = engines.checks(Path("data"), {})
    return [(check.name, check.state, check.value, check.remedy or "") for check in checks]


def test_an_engine_that_answers_has_its_version_and_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probe = Probe(reachable=True, version="7", models=(Model(name="a"), Model(name="b")))
    bare = Probe(reachable=True)
    assert checked(monkeypatch, {"one": probe, "two": bare}) == [
        ("engine one", "ok", "version 7, 2 models", ""),
        ("engine two", "ok", "answers", ""),
    ]


def test_an_engine_that_is_away_fails_nothing_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = Problem(message="it does not answer", remedy="Start it.")
    probe = Probe(reachable=False, problems=(problem,))
    assert checked(monkeypatch, {"one": probe}) == [
        ("engine one", "optional", "it does not answer", "Start it.")
    ]


def test_a_worker_that_fails_is_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    async def probe(data: Path, tables: object) -> dict[str, Probe]:
        raise BenchraceError(Category.WORKER_DIED, "it ended", "Report it.")

    monkeypatch.setattr(engines, "_probe", probe)
    (check,) = engines.checks(Path("data"), {})
    assert (check.name, check.state, check.remedy) == ("engines", "optional", "Report it.")
