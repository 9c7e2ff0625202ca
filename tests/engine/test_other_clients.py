"""A real llama.cpp with another client, or with another model in its place."""

from collections.abc import Iterator

import anyio
import pytest

from benchrace.plugin import BenchraceError
from benchrace.plugin.part import Part
from benchrace.testing import RecordingContext
from tests import local_http
from tests.engine.llama_server import Running, serving
from tests.engine.models import Models
from tests.engine.test_llama_server import LONG, racing

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(120)]
OTHER = {"prompt": LONG, "n_predict": 1500, "ignore_eos": True}


@pytest.fixture(params=[1, 2])
def shared(request: pytest.FixtureRequest, models: Models) -> Iterator[Running]:
    with serving(models.path("tiny"), slots=request.param, context=8192) as running:
        yield running


async def ask(url: str) -> None:
    async with local_http.async_client(timeout=60) as client:
        assert (await client.post(f"{url}/completion", json=OTHER)).is_success


async def test_another_client_makes_the_round_suspect(shared: Running) -> None:
    context = RecordingContext()
    async with racing(shared, context, max_tokens=8) as at:
        await at.round(0)
        assert "queued" not in [reason.code for reason in context.verdict.reasons]
        async with anyio.create_task_group() as group:
            group.start_soon(ask, shared.url)
            while shared.idle():  # noqa: ASYNC110 - nothing tells but asking
                await anyio.sleep(0.01)
            await at.round(1)
        assert "queued" in [reason.code for reason in context.verdict.reasons]
        # As soon as it is gone, rounds are good again.
        await at.round(2)
        assert "queued" not in [reason.code for reason in context.verdict.reasons]


async def test_the_lanes_other_machines_are_no_other_client(shared: Running) -> None:
    context = RecordingContext()
    async with racing(shared, context, max_tokens=8, part=Part(index=0, of=2)) as at:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, shared.url)
            while shared.idle():  # noqa: ASYNC110 - nothing tells but asking
                await anyio.sleep(0.01)
            await at.round(0)
        assert "queued" not in [reason.code for reason in context.verdict.reasons]


async def test_a_round_on_another_model_in_its_place_fails(models: Models) -> None:
    with serving(models.path("tiny", "q8_0"), alias="m") as first:
        async with racing(first, model="m") as at:
            await at.round(0)
            first.kill()
            port = int(first.url.rsplit(":", 1)[1])
            again = serving(models.path("tiny"), alias="m", port=port)
            with again, pytest.raises(BenchraceError, match="was restarted with another model"):
                await at.round(1)


async def test_a_lane_begins_once_the_prompt_of_a_dead_client_is_done(models: Models) -> None:
    with serving(models.path("slow", "q8_0"), context=8192) as running:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, running.url)
            while running.idle():  # noqa: ASYNC110 - nothing tells but asking
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        assert not running.idle(), "the prompt was done before the client left"
        context = RecordingContext()
        async with racing(running, context, max_tokens=8) as at:
            assert running.idle()
            record = await at.round(0)
        assert record.answer.first_ns is not None
        assert record.answer.times.prefill_ns is not None
        waited = record.answer.first_ns - record.answer.send_ns - record.answer.times.prefill_ns
        assert waited < 250_000_000
        assert "queued" not in [reason.code for reason in context.verdict.reasons]
