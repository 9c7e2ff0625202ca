"""`benchrace machines`: the values of settings as arguments, and both commands on a central."""

import json
import sys
from pathlib import Path

import anyio
import pytest

from benchrace.cli.machines.settings import parse
from benchrace.config.machine_settings import AfterRun
from benchrace.errors import InvalidInput
from tests.central.served import served
from tests.central.settable import SettableAgent


def test_values_are_read_by_the_kind_of_their_setting() -> None:
    assert parse(["keep_jobs=50", "sampling_s=0.5", "after_run=stop", "models_dir="]) == {
        "keep_jobs": 50,
        "sampling_s": 0.5,
        "after_run": AfterRun.STOP,
        "models_dir": None,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("keep_jobs", "expected KEY=VALUE"),
        ("colour=red", "unknown setting; known: sampling_s"),
        ("keep_jobs=many", "invalid value 'many': expected [0-9]+ to [0-9]+"),
        ("sampling_s=90", "expected 0 to 60 s"),
        ("after_run=never", "expected keep . stop . unload"),
    ],
)
def test_a_bad_argument_is_named(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse([text])


@pytest.mark.anyio
@pytest.mark.slow
async def test_both_commands_on_a_central(tmp_path: Path) -> None:
    async def run(*args: str) -> str:
        command = [sys.executable, "-m", "benchrace.cli", "machines", *args, "--central", site.url]
        return (await anyio.run_process(command)).stdout.decode()

    async with served(tmp_path) as site:
        await site.link(SettableAgent("box"))
        changed = json.loads(await run("settings", "box", "keep_jobs=50", "--json"))
        assert changed["wanted"]["keep_jobs"] == 50
        shown = await run("settings", "box")
        assert "1 to 100000" in shown
        rows = [line.split()[:2] for line in (await run("list")).splitlines()]
        assert ["box", "ready"] in rows
