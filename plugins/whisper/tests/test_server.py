"""Races on a server with OpenAI's API, over real HTTP."""

import io
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchrace.plugin import BenchraceError, Category
from benchrace_whisper.server.backend import TranscriptionServer
from benchrace_whisper.server.config import ServerConfig

from . import sounds
from .conftest import Racing
from .stand_in import StandIn

Make = Callable[..., Racing]
LANE = {"model": "whisper-1", "audio": "two.wav", "language": "en"}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def config(server: StandIn, audio: Path) -> ServerConfig:
    return ServerConfig(
        audio_folders=(str(audio),), base_url=server.url, api_key="sk-not-a-real-key"
    )


def lane(racing: Make, config: ServerConfig, **changes: Any) -> Racing:
    return racing(TranscriptionServer, config, **{**LANE, **changes})


async def test_a_round_is_the_servers_transcript(
    server: StandIn, config: ServerConfig, racing: Make
) -> None:
    race = lane(racing, config, reference="Hello, there!")
    await race.open()
    record = await race.round()
    (file,) = record.files
    assert (file.text, file.count, file.language) == ("hello there", 2, "en")
    assert [one.start_ms for one in file.segments] == [0, 1010]
    assert file.first_ns is None
    assert (record.streams, record.load_ns, record.threads, record.beam) == (
        False,
        None,
        None,
        None,
    )
    figures = race.figures(record)
    assert (figures["wer"], figures["first_segment_ms"]) == (0.0, None)
    # The process that listens is this one.
    assert record.engine.host is None
    request = server.requests[-1]
    assert request.route == "/v1/audio/transcriptions"
    assert request.key == "Bearer sk-not-a-real-key"
    assert request.fields == {
        "model": "whisper-1",
        "response_format": "verbose_json",
        "temperature": "0",
        "language": "en",
    }


async def test_no_round_sends_what_another_has_sent(
    server: StandIn, config: ServerConfig, racing: Make
) -> None:
    race = lane(racing, config)
    await race.open()
    for number in range(3):
        race.context.begin(number)
        await race.backend.round(race.lane, race.context)
    sent = [_samples(request.wav) for request in server.requests[1:]]
    assert len({samples.tobytes() for samples in sent}) == 3
    whole = sounds.tones(2)
    for samples in sent:
        # Only 20 ms at the end differ, by what nobody hears.
        assert np.array_equal(samples[: whole.size], whole)
        assert samples.size == whole.size + 320
        assert np.abs(samples[whole.size :]).max() <= 1


def _samples(wav: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(wav)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


async def test_a_server_without_segments_gives_one(
    server: StandIn, config: ServerConfig, racing: Make
) -> None:
    server.detailed = False
    race = lane(racing, config)
    await race.open()
    record = await race.round()
    assert [(one.start_ms, one.end_ms, one.text) for one in record.files[0].segments] == [
        (0, 2000, "hello there")
    ]
    assert record.engine.settings["response_format"] == "json"


async def test_translations_have_a_route_of_their_own(
    server: StandIn, config: ServerConfig, racing: Make
) -> None:
    race = lane(racing, config, task="translate", language="de")
    await race.open()
    await race.round()
    assert {request.route for request in server.requests} == {"/v1/audio/translations"}
    assert "language" not in server.requests[-1].fields


async def test_a_translation_is_not_compared_with_what_is_said(
    config: ServerConfig, racing: Make
) -> None:
    # The text beside the sample is what is said.
    for reference, words in (("", None), ("hello there", 2)):
        changes = {"audio": "sample-10s", "reference": reference}
        race = lane(racing, config, task="translate", **changes)
        await race.open()
        (file,) = (await race.round()).files
        assert file.language is None
        assert (file.words and file.words.reference) == words


async def test_what_opening_took_counts_once(config: ServerConfig, racing: Make) -> None:
    race = lane(racing, config)
    await race.open()
    race.context.begin(0, warmup=True)
    await race.backend.round(race.lane, race.context)
    figures = [race.figures(await race.round()) for _ in range(2)]
    assert [figure["decode_ms"] is None for figure in figures] == [False, True]


@pytest.mark.parametrize(
    ("fail", "category"),
    [
        ((401, {"error": {"message": "bad key"}}), Category.VALIDATION),
        ((404, {"detail": "model 'x' not found"}), Category.MISSING_MODEL),
        ((404, b"404 page not found"), Category.VALIDATION),
        ((413, {"detail": "too large"}), Category.VALIDATION),
        ((429, {"error": {"message": "slow down"}}), Category.BUSY),
        ((500, {"error": "CUDA out of memory"}), Category.OUT_OF_MEMORY),
        ((500, b"<html>oops</html>"), Category.STREAM_ERROR),
        ((200, b"not json"), Category.BAD_OUTPUT),
        ((200, {"segments": []}), Category.BAD_OUTPUT),
        ((200, {"text": "x", "segments": [{"start": 1}]}), Category.BAD_OUTPUT),
    ],
)
async def test_what_a_server_refuses_has_a_category(
    server: StandIn,
    config: ServerConfig,
    racing: Make,
    fail: tuple[int, Any],
    category: Category,
) -> None:
    race = lane(racing, config)
    await race.open()
    server.fail = fail
    with pytest.raises(BenchraceError) as caught:
        await race.round()
    assert caught.value.category is category
    assert "sk-not" not in str(caught.value.failure())


async def test_a_connection_that_ends_is_no_transcript(
    server: StandIn, config: ServerConfig, racing: Make
) -> None:
    race = lane(racing, config)
    await race.open()
    server.cut = True
    with pytest.raises(BenchraceError) as caught:
        await race.round()
    assert caught.value.category is Category.ENDED_EARLY


async def test_an_unknown_model_fails_before_the_rounds(config: ServerConfig, racing: Make) -> None:
    race = lane(racing, config, model="nope")
    with pytest.raises(BenchraceError) as caught:
        await race.open()
    assert caught.value.category is Category.MISSING_MODEL


async def test_nothing_that_answers_is_unreachable(
    server: StandIn, config: ServerConfig, racing: Make
) -> None:
    race = lane(racing, config)
    assert [model.name for model in (await race.backend.probe(race.context)).models] == [
        "whisper-1"
    ]
    for empty in (ServerConfig(), ServerConfig(base_url="http://127.0.0.1:1")):
        race = racing(TranscriptionServer, empty, **{**LANE, "audio": "sample-10s"})
        probe = await race.backend.probe(race.context)
        readiness = await race.backend.preflight(race.lane, race.context)
        assert (probe.reachable, readiness.category) == (False, Category.UNREACHABLE)


async def test_what_a_server_decides_cannot_be_set(config: ServerConfig, racing: Make) -> None:
    race = lane(racing, config, beam=1, batch=4, vad=True, threads=2, device="gpu")
    readiness = await race.backend.preflight(race.lane, race.context)
    assert [field.path for field in readiness.fields] == [
        "beam",
        "batch",
        "vad",
        "device",
        "threads",
    ]
    assert list(race.backend.workloads[0].presets) == ["sample-10s", "sample-40s"]


async def test_words_that_nobody_said_are_marked(
    server: StandIn, config: ServerConfig, racing: Make
) -> None:
    race = lane(racing, config, reference="a b c d e f")
    await race.open()
    await race.round()
    assert race.codes == ["unlike_reference"]
    server.text = ""
    await race.round()
    assert race.codes == ["no_text", "unlike_reference"]
