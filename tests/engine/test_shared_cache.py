"""A real llama.cpp with a prompt cache, shared by lanes that do not know of each other."""

from pathlib import Path
from typing import Any

import pytest

from benchrace.events import RoundDone
from benchrace.testing import job_lane, job_spec, plugin_ref, run_job
from tests.engine.llama_server import Running, serving
from tests.engine.models import Models
from tests.engine.test_llama_server import LONG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def rounds(engine: Running, tmp_path: Path, **params: Any) -> list[Any]:
    """Race two lanes on one server under two addresses and model names."""
    url = engine.url
    # As `generic` it is not told to bypass its cache, like most servers of this API.
    servers = [
        {"name": "one", "base_url": url, "engine": "generic"},
        {"name": "two", "base_url": url.replace("127.0.0.1", "localhost"), "engine": "generic"},
    ]
    lanes = [
        job_lane(0, "openai", {"server": "one", "prompt": LONG, "max_tokens": 4, **params}),
        job_lane(
            1, "openai", {"server": "two", "model": "tiny-f16", "prompt": LONG, "max_tokens": 4}
        ),
    ]
    lanes[1].params.update(params)
    done = run_job(
        job_spec("llm_generate", lanes, rounds=2, warmup=1),
        tmp_path,
        [plugin_ref("benchrace_openai.plugin")],
        config={"openai": {"servers": servers}},
    )
    return [done.payload for done in done.of(RoundDone)]


def test_the_engine_counts_nothing_cached_in_any_round(models: Models, tmp_path: Path) -> None:
    with serving(models.path("tiny")) as engine:
        played = rounds(engine, tmp_path)
    assert len(played) == 6
    records = [done.record for done in played]
    proofs = {(record["cache"], record["cache_proof"]) for record in records}
    assert proofs == {("warm-unique", "engine")}
    cached = [record["answer"]["usage"]["cached"] for record in records]
    assert max(cached) <= records[0]["prefix_tokens"] + 8
    assert len({record["nonce"] for record in records}) == 6


def test_it_would_have_counted_them(models: Models, tmp_path: Path) -> None:
    with serving(models.path("tiny")) as engine:
        played = rounds(engine, tmp_path, prefix="shared")
    cached = [done.record["answer"]["usage"]["cached"] for done in played]
    assert min(cached[1:]) > 100
