"""Two models of one file of weights: one runner, and one prompt cache, serve them both."""

from pathlib import Path
from typing import Any

import pytest

from benchrace.events import RoundDone
from benchrace.testing import job_lane, job_spec, plugin_ref, run_job

pytestmark = pytest.mark.slow

PROMPT = "bako " * 80


@pytest.mark.parametrize("other", ["tiny-copy", "tiny-ctx", "tiny"])
def test_no_lane_finds_the_prompts_of_another_in_the_cache(
    stand_in: Any, tmp_path: Path, other: str
) -> None:
    stand_in.tell(model="tiny", prefill_ms=1.0)
    stand_in.tell(model=other, prefill_ms=1.0)
    params = {"prompt": PROMPT, "max_tokens": 4, "num_ctx": 1024}
    lanes = [
        job_lane(at, "ollama", {"model": name, **params}) for at, name in enumerate(("tiny", other))
    ]
    done = run_job(
        job_spec("llm_generate", lanes, rounds=2, warmup=1),
        tmp_path,
        [plugin_ref("benchrace_ollama.plugin")],
        config={"ollama": {"base_url": stand_in.url}},
    )
    rounds: list[Any] = [event.payload for event in done.of(RoundDone)]
    assert len(rounds) == 6
    tokens = rounds[0].record["answer"]["usage"]["prompt"]
    prefills = [round_.record["answer"]["times"]["prefill_ns"] for round_ in rounds]
    assert min(prefills) >= 0.9 * tokens * 1_000_000
    assert len({round_.record["engine"]["weights"] for round_ in rounds}) == 1
    assert not any(
        reason.code == "cache_suspected" for round_ in rounds for reason in round_.verdict.reasons
    )
