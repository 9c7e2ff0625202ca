"""What the pages show as code is the code, and runs."""

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from benchrace.events import Level, Measured, RoundDone, Stream, Verdict, encode
from benchrace.events.payloads import RoundDonePayload
from benchrace.run.spec import Order, RunSpec
from benchrace.stats import estimate

EXAMPLE = "docs/examples/benchrace-hashing"


def lines(text: str) -> list[str]:
    """Give a text's lines; how many empty ones separate parts does not matter."""
    return [line for line in text.splitlines() if line.strip()]


def test_the_tutorial_shows_the_example_and_nothing_else(pages: dict[str, Any], root: Path) -> None:
    page = pages["docs/tutorial/first-plugin.md"]
    module = (root / EXAMPLE / "benchrace_hashing.py").read_text()
    assert lines("\n".join(page.code_of("python"))) == lines(module)
    (manifest,) = page.code_of("toml")
    assert lines(manifest) == lines((root / EXAMPLE / "pyproject.toml").read_text())


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
    log += [_round(seq, *each) for seq, each in enumerate(rounds, 1)]
    log.append(_round(4, 7, 10_000_000_000, level=Level.INVALID))
    (tmp_path / "events.ndjson").write_bytes(b"".join(log))
    monkeypatch.chdir(tmp_path)
    (code,) = pages["docs/how-to/read-a-log.md"].code_of("python")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "read-a-log.md", "exec"), {})
    lane, value = said.getvalue().split()
    known = estimate.ratio([each[0] for each in rounds], [each[1] / 1e9 for each in rounds])
    assert lane == "lane-0"
    assert known.value is not None
    assert float(value) == pytest.approx(known.value)


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
