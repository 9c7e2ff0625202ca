"""The metrics of images, from records alone."""

from typing import Any

import pytest

from benchrace.events import Measured
from benchrace.kinds.image import (
    TXT2IMG,
    ImageClock,
    ImageParams,
    ImagePhases,
    ImageRecord,
    SamplerSpan,
    ServerTimes,
)
from benchrace.kinds.llm import CacheProof, CacheState, EngineFacts

MS = 1_000_000


def record(**changes: Any) -> ImageRecord:
    fields: dict[str, Any] = {
        "engine": EngineFacts(name="painter"),
        "cache": CacheState.WARM_UNIQUE,
        "cache_proof": CacheProof.ENGINE,
        "timing_source": ImageClock.SERVER,
        "prompt_digest": "sha256:0",
        "seed": 1,
        "images": 2,
        "steps": 20,
        "sampler_name": "euler",
        "scheduler": "normal",
        "accepted_ns": 10 * MS,
        "complete_ns": 4_310 * MS,
        "fetched_ns": 4_410 * MS,
        "server": ServerTimes(create_ms=1_000, start_ms=1_050, end_ms=5_000),
        "phases": ImagePhases(sampling=3_000 * MS, decode=500 * MS, save=100 * MS),
        "sampler": SamplerSpan(
            first_step=1, first_ns=1_000 * MS, last_step=20, last_ns=3_000 * MS, steps=20
        ),
        "load_ns": 900 * MS,
    }
    return ImageRecord(**{**fields, **changes})


def figures(**changes: Any) -> dict[str, Measured]:
    derived = TXT2IMG.derive(record(**changes), ImageParams())
    return {figure.metric: figure for figure in derived}


def test_every_metric_is_derived() -> None:
    assert set(figures()) == {metric.name for metric in TXT2IMG.metrics}


def test_a_sampler_that_ran_several_times_has_no_speed() -> None:
    span = SamplerSpan(first_step=1, first_ns=0, last_step=9, last_ns=MS, steps=9, passes=2)
    speed = figures(sampler=span)["sampler_it_per_s"]
    assert (speed.value, speed.reason) == (None, "the sampler ran several times (2)")


def test_the_servers_stamps_time_the_images() -> None:
    values = figures()
    assert values["image_s"].value == 2.0
    assert (values["images_per_min"].numerator, values["images_per_min"].denominator) == (120, 4.0)
    assert values["queue_ms"].value == 50
    assert values["total_ms"].value == 4400
    assert values["fetch_ms"].value == 100


def test_without_an_acceptance_the_execution_is_timed() -> None:
    server = ServerTimes(start_ms=1_000, end_ms=4_000)
    values = figures(timing_source=ImageClock.SERVER_RUN, server=server)
    assert values["image_s"].value == 1.5
    assert values["queue_ms"].value is None


def test_the_agents_clock_times_what_the_servers_does_not() -> None:
    assert figures(timing_source=ImageClock.AGENT)["image_s"].value == 2.15
    assert figures(server=ServerTimes())["image_s"].value == 2.15


def test_a_step_of_a_batch_is_a_step_of_each_image() -> None:
    rate = figures()["sampler_it_per_s"]
    assert (rate.numerator, rate.denominator, rate.value) == (38, 2.0, 19.0)


@pytest.mark.parametrize(
    "span", [None, SamplerSpan(first_step=1, first_ns=0, last_step=1, last_ns=0, steps=1)]
)
def test_a_rate_needs_two_reports(span: SamplerSpan | None) -> None:
    rate = figures(sampler=span)["sampler_it_per_s"]
    assert rate.value is None
    assert rate.reason


def test_a_rate_needs_the_last_step_when_it_was_done() -> None:
    first = {"first_step": 1, "first_ns": 0, "steps": 20}
    cut = SamplerSpan(last_step=19, last_ns=1_900 * MS, **first)
    assert "step 19 of 20" in str(figures(sampler=cut)["sampler_it_per_s"].reason)
    for end_ms, good in ((3_100, True), (3_300, False)):
        span = SamplerSpan(last_step=20, last_ns=1_900 * MS, end_ns=end_ms * MS, **first)
        rate = figures(sampler=span)["sampler_it_per_s"]
        assert (rate.value is not None) == good
        assert good or "ran ahead" in str(rate.reason)


def test_a_phase_that_did_not_run_says_why() -> None:
    values = figures()
    assert values["encode_ms"].reason == "nothing to do: the result was cached"
    assert values["load_ms"].reason == "loaded before the rounds"
    assert figures(phases=ImagePhases(load=MS))["load_ms"].value == 1
    silent = figures(phases=ImagePhases(), sampler=None)
    assert "no progress" in str(silent["decode_ms"].reason)
    cut = figures(phases=ImagePhases(), incomplete=("decode",))
    assert cut["decode_ms"].reason == "the socket's last messages did not come, or came late"


def test_a_round_without_an_image_or_a_span_has_no_time() -> None:
    assert figures(images=0)["image_s"].reason == "no image"
    still = ServerTimes(create_ms=5, start_ms=5, end_ms=5)
    assert "resolution" in str(figures(server=still)["image_s"].reason)
