"""Rounds on the stand-in: what is measured, by which clock, and what is refused as a result."""

import hashlib
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from benchrace.events import Level
from benchrace.kinds import TXT2IMG
from benchrace.plugin import ImageClock, ImageRecord, Measured

from .harness import DEFAULTS, LITE, OLD, QUICK, Racing, StandIn

pytestmark = pytest.mark.slow
Make = Callable[..., Racing]


def figures(racing: Racing, record: ImageRecord) -> dict[str, Measured]:
    return {figure.metric: figure for figure in TXT2IMG.derive(record, racing.lane.params)}


async def test_a_warm_round_is_timed_by_the_server(either: StandIn, racing: Make) -> None:
    lane = racing(either)
    await lane.open()
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    old = record.engine.version == OLD
    assert record.timing_source is (ImageClock.SERVER_RUN if old else ImageClock.SERVER)
    assert (record.server.create_ms is None) == old
    values = figures(lane, record)
    assert (values["queue_ms"].value is None) == old
    for name in ("image_s", "images_per_min", "sampling_ms", "decode_ms", "save_ms"):
        assert values[name].value is not None, values[name]
    assert record.load_ns is not None
    assert values["load_ms"].reason == "loaded before the rounds"
    rate = values["sampler_it_per_s"]
    # Four steps: the first report comes after the first one.
    assert rate.numerator == 3
    assert values["encode_ms"].value is None
    assert record.cached == ("4", "5", "6", "7")
    assert lane.context.phases[-3:] == ["sampling", "decoding", "saving"]
    assert lane.context.steps[-1] == (4, 4, "steps")


async def test_each_round_has_an_image_of_a_new_seed(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in)
    await lane.open()
    records = [await lane.round(n) for n in range(3)]
    seeds = [record.seed for record in records]
    assert len(set(seeds)) == 3
    (output,) = records[-1].outputs
    media_type, data = lane.context.artifacts[output.name]
    assert (media_type, output.node) == ("image/png", "9")
    assert output.sha256 == hashlib.sha256(data).hexdigest()
    assert output.size == len(data)
    # The image holds the graph that made it.
    assert str(records[-1].seed).encode() in data
    assert len({record.outputs[0].sha256 for record in records}) == 3


async def test_a_probe_reports_what_the_engine_has(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in)
    probe = await lane.backend.probe(lane.context)
    assert LITE in [model.name for model in probe.models]
    assert {"euler", "dpmpp_2m"} <= set(probe.choices["sampler"])
    assert "karras" in probe.choices["scheduler"]
    assert "random_vae.safetensors" in probe.choices["vae"]


async def test_a_batch_counts_its_images_and_steps(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in, batch=3)
    await lane.open()
    record = await lane.round()
    values = figures(lane, record)
    assert (record.images, values["images"].value) == (3, 3)
    assert values["sampler_it_per_s"].numerator == 9
    assert values["images_per_min"].numerator == 180
    assert len(lane.context.artifacts) == 3


async def test_every_part_of_a_lane_is_in_the_graph(stand_in: StandIn, racing: Make) -> None:
    loras = [{"name": "random_lora.safetensors", "strength": 0.8, "clip_strength": 0.5}]
    lane = racing(
        stand_in,
        sampler="DPM++ 2M Karras",
        vae="random_vae.safetensors",
        loras=tuple(loras),
        clip_skip=2,
        prompt="a fox",
        negative="rain",
    )
    await lane.open()
    record = await lane.round()
    assert (record.sampler_name, record.scheduler) == ("dpmpp_2m", "karras")
    assert lane.context.verdict.level is Level.VALID, lane.codes
    history = stand_in.ask("/history")
    graph = next(reversed(history.values()))["prompt"][2]
    kinds = {part["class_type"]: part["inputs"] for part in graph.values()}
    assert kinds["LoraLoader"]["strength_model"] == 0.8
    assert kinds["LoraLoader"]["strength_clip"] == 0.5
    assert kinds["CLIPSetLastLayer"]["stop_at_clip_layer"] == -2
    assert graph[kinds["KSampler"]["model"][0]]["class_type"] == "LoraLoader"
    assert graph[kinds["VAEDecode"]["vae"][0]]["class_type"] == "VAELoader"
    texts = [
        graph[kinds["KSampler"][side][0]]["inputs"]["text"] for side in ("positive", "negative")
    ]
    assert texts == ["a fox", "rain"]
    encode = graph[kinds["KSampler"]["positive"][0]]["inputs"]["clip"][0]
    assert graph[encode]["class_type"] == "CLIPSetLastLayer"


async def test_a_cold_lane_loads_in_every_round(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in, residence="cold", seed=7)
    await lane.open()
    for n in range(2):
        record = await lane.round(n)
        assert record.cached == ()
        assert record.seed == 7
        assert record.cache.value == "cold-load"
        assert figures(lane, record)["load_ms"].value is not None
        assert lane.context.verdict.level is Level.VALID, lane.codes


async def test_a_cold_round_that_was_warm_is_no_result(stand_in: StandIn, racing: Make) -> None:
    stand_in.tell(forgets_models=True)
    lane = racing(stand_in, residence="cold")
    await lane.open()
    await lane.round(0)
    await lane.round(1)
    assert lane.codes == ["not_cold"]
    assert lane.context.verdict.level is Level.INVALID


async def test_a_cached_sampler_is_no_result(stand_in: StandIn, racing: Make) -> None:
    stand_in.tell(forgets_models=True)
    lane = racing(stand_in, residence="cold", seed=11)
    await lane.open()
    first = await lane.round(0)
    again = await lane.round(1)
    assert lane.codes == ["node_cache"]
    assert lane.context.verdict.level is Level.INVALID
    assert again.outputs == first.outputs


async def test_a_model_that_was_dropped_between_rounds_is_no_result(
    stand_in: StandIn, racing: Make
) -> None:
    lane = racing(stand_in)
    await lane.open()
    await lane.round(0)
    stand_in.ask("/free", {"unload_models": True, "free_memory": True})
    record = await lane.round(1)
    assert lane.codes == ["reloaded"]
    assert record.phases.load is not None


@pytest.mark.parametrize("socket", ["refused", "silent", "cut"])
async def test_polling_alone_suffices(stand_in: StandIn, racing: Make, socket: str) -> None:
    lane = racing(stand_in)
    await lane.open()
    lane.backend._lanes["l"]._patience = QUICK._replace(last_messages_s=0.02)
    stand_in.tell(socket=socket)
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    values = figures(lane, record)
    assert values["image_s"].value is not None
    assert values["sampler_it_per_s"].value is None
    assert values["sampler_it_per_s"].reason
    assert any("reports no progress" in text for _, text in lane.context.logs) == (
        socket == "refused"
    )


@pytest.mark.parametrize("lag", ["history_delay_ms", "late_ms"])
async def test_history_may_come_after_the_message_and_before_it(
    either: StandIn, racing: Make, lag: str
) -> None:
    lane = racing(either)
    await lane.open()
    either.tell(**{lag: 300.0})
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    assert len(record.outputs) == 1
    assert record.sampler.last_step == 4
    assert record.sampler.end_ns is not None
    late = lag == "late_ms"
    assert record.incomplete == (("decode", "sampling", "save") if late else ())
    assert (None in (record.phases.sampling, record.phases.decode, record.phases.save)) == late


async def test_an_end_that_is_reported_late_does_not_lengthen_the_last_phase(
    stand_in: StandIn, racing: Make
) -> None:
    lane = racing(stand_in)
    await lane.open()
    stand_in.tell(stands_still_ms=1000.0)
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    assert record.complete_ns - record.accepted_ns > 1_000_000_000
    assert sum(filter(None, msgspec.structs.astuple(record.phases))) < 1_000_000_000


async def test_a_socket_that_is_cut_while_sampling_gives_no_half_figures(
    shared: Callable[[str], StandIn], racing: Make
) -> None:
    # This version reports every step.
    at = shared(OLD)
    at.tell(**DEFAULTS)
    lane = racing(at)
    await lane.open()
    at.tell(socket="cut", cut_at=3)
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    assert record.sampler.last_step == 3
    assert record.incomplete == ("decode", "sampling", "save")
    values = figures(lane, record)
    assert values["image_s"].value is not None
    assert values["sampler_it_per_s"].reason == "the last report was that of step 3 of 4"
    for name in ("sampling_ms", "decode_ms", "save_ms"):
        assert values[name].reason == "the socket's last messages did not come, or came late"
    assert values["encode_ms"].reason == "nothing to do: the result was cached"


async def test_foreign_prompts_are_seen(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in)
    await lane.open()
    await lane.round(0)
    graph = next(reversed(stand_in.ask("/history").values()))["prompt"][2]
    # The same model, so that it stays in memory.
    graph["3"]["inputs"] |= {"seed": 1, "steps": 300}
    stand_in.ask("/prompt", {"prompt": graph})
    record = await lane.round(1)
    assert "queue_shared" in lane.codes
    assert lane.context.verdict.level is Level.SUSPECT
    assert record.queued_behind == 1
    assert figures(lane, record)["queue_ms"].value


async def test_without_a_stamp_of_the_queue_the_agent_times_what_waited(
    shared: Callable[[str], StandIn], racing: Make
) -> None:
    at = shared(OLD)
    at.tell(**DEFAULTS)
    lane = racing(at)
    await lane.open()
    await lane.round(0)
    graph = next(reversed(at.ask("/history").values()))["prompt"][2]
    graph["3"]["inputs"] |= {"seed": 2, "steps": 300}
    at.ask("/prompt", {"prompt": graph})
    record = await lane.round(1)
    assert record.timing_source is ImageClock.AGENT
    server = (record.server.end_ms - record.server.start_ms) / 1e3
    assert figures(lane, record)["image_s"].value > server


async def test_previews_are_a_doubt(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in)
    await lane.open()
    stand_in.tell(previews=True)
    await lane.round()
    assert lane.codes == ["previews"]
    # Nobody asked to see them.
    assert lane.context.previews == []


async def test_previews_that_a_lane_asks_for_are_shown(either: StandIn, racing: Make) -> None:
    lane = racing(either, previews=True)
    await lane.open()
    either.tell(previews=True)
    await lane.round()
    assert lane.codes == ["previews"]
    assert lane.context.previews == [("image/jpeg", bytes.fromhex("ffd8ffe0"))] * 4
    extras = [entry["prompt"][3] for entry in either.ask("/history").values()]
    assert extras[-1]["preview_method"] == "latent2rgb"


async def test_previews_that_nobody_could_see_are_not_asked_for(
    stand_in: StandIn, racing: Make
) -> None:
    lane = racing(stand_in, previews=True)
    await lane.open()
    stand_in.tell(socket="refused")
    await lane.round()
    extras = [entry["prompt"][3] for entry in stand_in.ask("/history").values()]
    assert "preview_method" not in extras[-1]


@pytest.mark.parametrize("step_ms", [-60_000.0, -1_500.0, 1_500.0, 60_000.0])
async def test_a_clock_that_was_set_is_not_believed(
    stand_in: StandIn, racing: Make, step_ms: float
) -> None:
    lane = racing(stand_in)
    await lane.open()
    stand_in.tell(step_clock_ms=step_ms)
    record = await lane.round()
    assert lane.codes == ["clock_stepped"]
    assert record.timing_source is ImageClock.AGENT
    values = figures(lane, record)
    assert values["image_s"].value is not None
    assert 0 < values["image_s"].value < 30
    assert values["queue_ms"].reason == "its clock was set meanwhile"


async def test_images_that_are_missing_are_no_result(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in, batch=2)
    await lane.open()
    stand_in.tell(images=1)
    await lane.round()
    assert lane.codes == ["image_count"]


async def test_facts_name_versions_flags_and_device_without_paths(
    stand_in: StandIn, racing: Make
) -> None:
    stand_in.tell(argv=["--output-directory", "/home/somebody/images", "--cache-lru=10"])
    lane = racing(stand_in)
    await lane.open()
    engine = (await lane.round()).engine
    assert (engine.name, engine.version) == ("comfyui", "0.33.0")
    flags = str(engine.settings["flags"])
    assert flags.endswith("--output-directory (value) --cache-lru=10")
    assert engine.settings["device_type"] == "cpu"
    assert "somebody" not in str(engine)
    assert any("runs on the CPU" in text for _, text in lane.context.logs)


async def test_a_round_asks_for_what_it_needs_alone(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in)
    await lane.open()
    before = len(stand_in.tell()["requests"])
    await lane.round()
    requests = stand_in.tell()["requests"][before:]
    assert requests[0] == "GET /queue"
    assert requests[1] == "POST /prompt"
    queue_first = [
        path.split("/")[1] for path in requests if path.startswith(("GET /queue", "GET /hist"))
    ]
    assert all(pair != ("history", "history") for pair in pairwise(queue_first))
    assert requests[-1] == "GET /view"
