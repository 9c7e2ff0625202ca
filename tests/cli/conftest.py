"""The command line within the test's process, on folders of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchrace.cli.main import main
from tests import descriptions
from tests.export.conftest import race

__all__ = ["race"]

Call = Callable[..., Result]


class _Whole:
    """What `CliRunner` calls: `main` itself, so that its exit codes are the ones tested."""

    name = "benchrace"

    def main(self, args: list[str], prog_name: str, **extra: object) -> None:
        main(list(args))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the data folder that the commands of this test use."""
    monkeypatch.setenv("BENCHRACE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BENCHRACE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("BENCHRACE_TOKEN", raising=False)
    return tmp_path / "data"


@pytest.fixture
def described(data: Path) -> None:
    """Lay out what plugins are for the commands of this test, as an agent's first start does."""
    descriptions.lay_out(data)


@pytest.fixture
def call(data: Path) -> Call:
    """Call the command line as a shell would, and return its output and exit code."""

    def run(*args: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(_Whole(), list(args), input=stdin)  # type: ignore[arg-type]

    return run
