"""How near predicted decode rates come to measured ones, with a real llama.cpp.

    python -m benchmarks.prediction [--threads T] [--rounds N] [--type q8_0|f16] [--keep FOLDER]

Measures the machine's read bandwidth, runs the small model once to learn the engine's efficiency,
and then compares the rate that is predicted for the mid model with the one that is measured. All
of it goes through `benchrace run`, with an agent and a central as for any race. The small model
(27 MB) fits into a large processor's cache, which is faster than memory: `--calibrate slow` takes
one of 109 MB. Nothing is judged if a lane is not VALID, as on a busy machine: then the engine's
efficiency is assumed.

Needs the extras of the tests: xllamacpp, gguf and numpy.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.engine.llama_server import free_port, serving
from tests.engine.tiny_gguf import SHAPES, make

GOAL = 0.15
DECODE, ENGINE = "gen_tokens_per_s", "engine_gen_tokens_per_s"


def main() -> None:
    """Print the ceiling, the efficiency, and the predicted beside the measured rate."""
    options = arguments()
    with folder(options.keep) as data:
        bench = Bench(data, options.threads, options.rounds)
        ceiling = bench.ceiling()
        print(f"read bandwidth with {options.threads} thread(s): {ceiling:.2f} GB/s")
        learnt = bench.text(model_of(data, options.calibrate, options.type))
        print(line(options.calibrate, learnt))
        judged = bench.text(model_of(data, options.model, options.type))
        print(line(options.model, judged))
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    doubtful = [lane["verdict"] for lane in (learnt, judged) if lane["verdict"] != "VALID"]
    if doubtful:
        raise SystemExit("nothing is judged: a lane is not VALID; run it on an idle machine")
    near = judged["ceiling"]["predicted"]
    off = near["value"] / rate_of(judged) - 1
    met = "met" if abs(off) <= GOAL else "missed"
    inside = near["low"] <= rate_of(judged) <= near["high"]
    print(f"prediction is off by {off:+.1%}; goal: within {GOAL:.0%}, {met}")
    print(f"the measured rate is {'inside' if inside else 'outside'} the predicted band")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="of the probe and of the engine")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--type", default="q8_0", choices=("q8_0", "f16"))
    parser.add_argument("--calibrate", default="small", choices=SHAPES, help="the first model")
    parser.add_argument("--model", default="mid", choices=SHAPES, help="the predicted model")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep models and runs here")
    return parser.parse_args()


class Bench:
    """Runs of one central, whose data is kept in `folder` from one to the next."""

    def __init__(self, folder: Path, threads: int, rounds: int) -> None:
        self._folder = folder
        self._threads = threads
        self._rounds = rounds

    def ceiling(self) -> float:
        """Measure the read bandwidth, in GB/s."""
        lane = self._run(
            *("--workload", "memory_bandwidth", "-p", "kernels=read"),
            *("--lane", f"threads={self._threads}", "--rounds", "3"),
        )
        return float(lane["summary"]["read_gb_per_s"]["value"])

    def text(self, model: Path) -> dict[str, Any]:
        """Serve a model, and return what its lane measured."""
        port = free_port()
        with serving(model, port=port, threads=self._threads):
            return self._run(
                *("--workload", "llm_generate", "-p", "max_tokens=64", "-p", "prompt=bako remi"),
                *("--lane", "backend=openai", "--rounds", str(self._rounds)),
                OPENAI_BASE_URL=f"http://127.0.0.1:{port}",
            )

    def _run(self, *words: str, **env: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchrace.cli", "run", "--json"]
        place = ["--data-dir", str(self._folder / "data")]
        done = subprocess.run(
            [*command, *place, *words],
            env={**os.environ, "BENCHRACE_CONFIG_DIR": str(self._folder), **env},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr[-3000:]}")
        lane: dict[str, Any] = json.loads(done.stdout)["lanes"][0]
        return lane


def rate_of(lane: dict[str, Any]) -> float:
    return float(lane["summary"][DECODE]["value"])


def line(name: str, lane: dict[str, Any]) -> str:
    """Return what a lane reached; the reason where that is not known."""
    near = lane["ceiling"]
    spread = lane["summary"][DECODE]["cv"] or 0
    own = lane["summary"][ENGINE]["value"]
    text = f"{name}: {rate_of(lane):.2f} tok/s measured (CV {spread:.1%}, {lane['verdict']})"
    timed = "the engine gives no timings of its own"
    if own is not None:
        timed = f"{own:.2f} by the engine's own timings"
    return f"{text}, {timed}; {near['text'] or near['reason']}"


def model_of(folder: Path, shape: str, quant: str) -> Path:
    path = folder / f"{shape}-{quant}.gguf"
    return path if path.exists() else make(path, shape=shape, quant=quant)


@contextmanager
def folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


if __name__ == "__main__":
    main()
