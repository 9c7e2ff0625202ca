"""Code examples in the pages match the code, and run."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchrace.events import Level, Measured, RoundDone, Stream, Verdict, encode
from benchrace.events.payloads import RoundDonePayload
from benchrace.run.spec import Order, RunSpec
from benchrace.stats import estimate

EXAMPLE = "docs/examples/benchrace-hashing"
ENGINE = "docs/examples/benchrace-murmur"


def lines(text: str) -> list[str]:
    """Return a text's lines; how many empty ones separate parts does not matter."""
    return [line for line in text.splitlines() if line.strip()]


def test_the_tutorial_shows_the_example_and_nothing_else(pages: dict[str, Any], root: Path) -> None:
    page = pages["docs/tutorial/first-plugin.md"]
    module = (root / EXAMPLE / "benchrace_hashing.py").read_text()
    assert lines("\n".join(page.code_of("python"))) == lines(module)
    (manifest,) = page.code_of("toml")
    assert lines(manifest) == lines((root / EXAMPLE / "pyproject.toml").read_text())


def files_of(page: Any) -> dict[str, str]:
    """Return the files that a page shows: blocks whose first line names a path."""
    blocks = (text for language in ("python", "toml") for text in page.code_of(language))
    heads = (text.partition("\n") for text in blocks)
    return {head.removeprefix("# "): rest for head, _, rest in heads}


def test_the_how_to_shows_every_file_of_the_engine_plugin(
    pages: dict[str, Any], root: Path
) -> None:
    files = files_of(pages["docs/how-to/write-an-engine-plugin.md"])
    example = root / ENGINE
    paths = [path for path in example.rglob("*.*") if path.suffix in (".py", ".toml")]
    contents = {path.relative_to(example).as_posix(): path.read_text() for path in paths}
    assert contents.pop("benchrace_murmur/__init__.py").count("\n") == 1
    assert files == contents


@pytest.mark.slow
def test_a_plugin_written_from_the_how_to_alone_passes_the_contract(
    pages: dict[str, Any], tmp_path: Path
) -> None:
    for name, text in files_of(pages["docs/how-to/write-an-engine-plugin.md"]).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:]
    assert re.search(r"\b[4-9]\d passed", result.stdout), result.stdout[-400:]


def test_the_run_in_a_file_is_a_specification(pages: dict[str, Any], tmp_path: Path) -> None:
    from benchrace.config.document import read

    (text,) = pages["docs/how-to/run-from-a-file.md"].code_of("toml")
    path = tmp_path / "threads.toml"
    path.write_text(text)
    spec = read(path, RunSpec)
    assert (spec.rounds, spec.order) == (10, Order.ABBA)
    assert [lane.params["threads"] for lane in spec.lanes] == [1, 2]


def test_a_rate_by_hand_is_the_rate_of_the_fold(
    pages: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = [(100, 3_000_000_000), (100, 1_000_000_000), (100, 2_500_000_000)]
    log = [_round(0, 100, 9_000_000_000, warmup=True)]
    log += [_round(seq, *round_) for seq, round_ in enumerate(rounds, 1)]
    log.append(_round(4, 7, 10_000_000_000, level=Level.INVALID))
    (tmp_path / "events.ndjson").write_bytes(b"".join(log))
    monkeypatch.chdir(tmp_path)
    (code,) = pages["docs/how-to/read-a-log.md"].code_of("python")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "read-a-log.md", "exec"), {})
    lane, value = output.getvalue().split()
    estimated = estimate.ratio(
        [round_[0] for round_ in rounds], [round_[1] / 1e9 for round_ in rounds]
    )
    assert lane == "lane-0"
    assert estimated.value is not None
    assert float(value) == pytest.approx(estimated.value)


def _round(
    seq: int, primes: int, elapsed_ns: int, *, warmup: bool = False, level: Level = Level.VALID
) -> bytes:
    rate = primes / (elapsed_ns / 1e9)
    measured = Measured(
        metric="primes_per_sec", value=rate, numerator=primes, denominator=elapsed_ns / 1e9
    )
    return encode(
        RoundDone(
            run_id=None,
            job_id="j0123456789abcdef",
            machine_id="here",
            lane_id="lane-0",
            round=seq,
            stream=Stream.WORK,
            seq=seq,
            t_ns=seq,
            timestamp_s=0.0,
            payload=RoundDonePayload(
                warmup=warmup,
                heat=None,
                elapsed_ns=elapsed_ns,
                record={"primes_found": primes, "elapsed_ns": elapsed_ns},
                measured=(measured,),
                verdict=Verdict(level),
                metrics_version=1,
            ),
        )
    )
