"""What each command may import: start-up is most of what a short command costs."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import benchrace
import benchrace.api

SERVERS = {
    "flask",
    "hypercorn",
    "quart",
    "quart_schema",
    "websockets",
    "benchrace.agent",
    "benchrace.central",
    "benchrace.web",
}
CLIENTS = {"httpcore", "httpx", "requests", "urllib3"}
MACHINE = {"psutil", "pynvml", "benchrace.telemetry.machine_root", "benchrace.telemetry.detection"}
ENGINES = {
    "benchrace.plugin.llm.backend",
    "benchrace.plugin.llm.chat_api",
    "benchrace.plugin.llm.records",
}
OTHERS = {
    "cryptography",
    "benchrace.plugin.host.loader",
    "benchrace.worker",
    "benchrace_core",
    "numpy",
    "pluggy",
    "prometheus_client",
    "scipy",
    "yaml",
}
ALWAYS = SERVERS | CLIENTS | MACHINE | ENGINES | OTHERS
SERVED_LATE = {"cryptography", "flask", "quart", "quart_schema", "prometheus_client"}
SERVED_LATE |= ENGINES | CLIENTS
COMMANDS = {
    "benchrace.cli.runs.list": ALWAYS | {"benchrace.stats", "benchrace.api", "asyncio", "ssl"},
    "benchrace.cli.runs.show": ALWAYS
    | {"benchrace.stats", "benchrace.export", "asyncio", "sqlite3", "tomllib", "logging"},
    "benchrace.cli.runs.export": ALWAYS | {"asyncio"},
    "benchrace.cli.models.list": ALWAYS | {"benchrace.stats", "rich.progress", "asyncio"},
    "benchrace.cli.machines.ceilings": ALWAYS | {"benchrace.stats", "asyncio", "sqlite3"},
    "benchrace.cli.machines.list": ALWAYS | {"benchrace.stats", "asyncio", "sqlite3"},
    "benchrace.cli.machines.settings": ALWAYS | {"benchrace.stats", "asyncio", "sqlite3"},
    "benchrace.cli.models.pull_command": ALWAYS | {"benchrace.stats", "asyncio", "sqlite3"},
    "benchrace.cli.race.race": ALWAYS | {"benchrace.export", "asyncio"},
    "benchrace.cli.race.run": ALWAYS
    | {"benchrace.export", "benchrace.stats.fold", "asyncio", "sqlite3", "statistics", "tomllib"},
    "benchrace.cli.race.prompt": ALWAYS | {"asyncio", "sqlite3"},
    "benchrace.agent.server": SERVED_LATE | {"hypercorn", "tomllib"},
    "benchrace.central.server": SERVED_LATE | {"hypercorn", "tomllib"},
}


def imported(code: str, *args: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('MODULES', *sys.modules)", *args],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.slow
@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_imports_only_what_it_needs(module: str) -> None:
    assert imported(f"import {module}") & COMMANDS[module] == set()


def test_listing_runs_imports_no_server_and_no_client(tmp_path: Path) -> None:
    code = (
        "from benchrace.cli.main import main\n"
        f"try: main(['runs', 'list', '--data-dir', {str(tmp_path)!r}])\n"
        "except SystemExit: pass"
    )
    assert imported(code) & (ALWAYS | {"benchrace.stats", "benchrace.api", "http.client"}) == set()


def test_showing_a_run_joins_no_rounds_and_waits_for_nothing() -> None:
    code = "import benchrace.stats.fold, benchrace.store.run_log, benchrace.cli.runs.archive_folder"
    late = {"anyio", "sqlite3", "shutil", "subprocess", "tomllib", "difflib"}
    assert imported(code) & (late | {"benchrace.stats.clients.gather"}) == set()


def test_a_struct_of_the_api_has_a_name_of_its_own() -> None:
    names: dict[str, set[type]] = {}
    for module in pkgutil.walk_packages(benchrace.__path__, "benchrace."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, msgspec.Struct):
                names.setdefault(value.__name__, set()).add(value)
    shared = {
        name
        for name, classes in names.items()
        if len(classes) > 1 and any(cls.__module__.startswith("benchrace.api") for cls in classes)
    }
    assert shared == set()
