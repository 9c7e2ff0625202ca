"""A central and an agent whose engine is one of our own, with models in its folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.engine_plugin import EngineHome
from tests.flow.conftest import Shell


class EngineFleet:
    """`models` are files by name, with what is in each."""

    def __init__(self, folder: Path, models: Mapping[str, bytes]) -> None:
        self.shell = Shell(folder, token="a token of the tests")
        self.engine = EngineHome(folder)
        self.shell.env.update(self.engine.environment)
        for name, data in models.items():
            (self.engine.home / "models" / name).write_bytes(data)
        (self.engine.home / "running").touch()

    def call(self, *args: str) -> tuple[int, str, str]:
        """Run `benchrace` with these arguments; gives its status, output and errors."""
        done = self.shell.call(*args)
        return done.returncode, done.stdout, done.stderr


@contextmanager
def served(folder: Path, models: Mapping[str, bytes]) -> Iterator[EngineFleet]:
    """Serve it, and leave no process behind."""
    engine_fleet = EngineFleet(folder, models)
    try:
        engine_fleet.shell.serve()
        yield engine_fleet
        engine_fleet.shell.stop()
    finally:
        for process in engine_fleet.shell.processes():
            process.kill()
