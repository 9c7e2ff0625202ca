"""Which images are compared, and what their differences come to."""

from typing import Any

import pytest

from benchrace.events import Level
from benchrace.run.findings.likeness import ImageLikeness, Likeness, is_different
from benchrace.stats import Fold
from benchrace.stats.image.likeness import likeness, with_likeness
from benchrace.stats.image.pairs import MAX_PAIRS, Pairs, paired
from benchrace.stats.image.rounds import ImageRounds
from tests.stats.image_run import line, run


def pairings(*lines: bytes, lanes: tuple[dict[str, Any], ...] = ({}, {})) -> Any:
    metadata = run(*lanes)
    images = ImageRounds(metadata)
    whole = b"".join(lines)
    for at in range(0, len(whole), 100):
        images.feed(whole[at : at + 100])
    return paired(metadata, images.lanes)


def seen(pairing: Pairs) -> list[tuple[int, int, str, str]]:
    return [(pair.round, pair.image, pair.best.sha256, pair.own.sha256) for pair in pairing.pairs]


@pytest.mark.parametrize(
    ("best", "other"),
    [
        ({"model": "sd_fp16.safetensors"}, {"model": "sd_fp8_e4m3fn.safetensors"}),
        ({"model": "a/sd.safetensors"}, {"model": "sd-Q4_K_S.gguf"}),
        ({"steps": 50}, {"steps": 4}),
    ],
)
def test_the_least_quantised_lane_with_the_most_steps_is_the_reference(
    best: dict[str, Any], other: dict[str, Any]
) -> None:
    result = pairings(
        line(0, 0, 7, "a", **other), line(0, 1, 8, "b", **other), line(1, 0, 7, "c", **best)
    )
    assert (result["lane-1"].reason or "").startswith("the others are compared with it: it ")
    assert result["lane-0"].with_ == "lane-1"
    assert seen(result["lane-0"]) == [(0, 0, "c", "a")]


def test_images_pair_by_seed_and_by_their_place_in_the_batch() -> None:
    result = pairings(
        line(0, 0, 7, "a", "b"), line(0, 1, 8, "c"), line(1, 0, 8, "d"), line(1, 1, 7, "e", "f")
    )
    assert seen(result["lane-1"]) == [(0, 0, "c", "d"), (1, 0, "a", "e"), (1, 1, "b", "f")]


def test_what_does_not_count_is_not_compared() -> None:
    result = pairings(
        line(0, 0, 7, "a"),
        line(1, 0, 7, "b", warmup=True),
        line(1, 1, 7, "c", level=Level.INVALID),
        line(1, 2, 7, "d", job_id="another"),
        b'{"type":"round_done",broken}\n',
    )
    assert result.keys() == {"lane-0"}


@pytest.mark.parametrize(
    ("lanes", "more", "reason"),
    [
        (({}, {"width": 1024}), {}, "no other lane makes images by this model"),
        (({}, {}), {"model": "another.safetensors"}, "no other lane makes images by this model"),
        (({}, {}), {"seed": 9}, "the two lanes have no images with the same seed"),
    ],
)
def test_a_lane_without_a_peer_says_why(lanes: Any, more: dict[str, Any], reason: str) -> None:
    seed = more.pop("seed", 7)
    result = pairings(line(0, 0, 7, "a"), line(1, 0, seed, "b", **more), lanes=lanes)
    assert isinstance(result["lane-1"], Likeness)
    assert (result["lane-1"].ssim, result["lane-1"].n) == (None, 0)
    assert reason in (result["lane-1"].reason or "")


@pytest.mark.parametrize(
    "own", [{"cfg": 1.0}, {"loras": [{"name": "a"}]}, {"vae": "v"}, {"clip_skip": 2}]
)
def test_what_defines_the_picture_keeps_lanes_apart(own: dict[str, Any]) -> None:
    result = pairings(line(0, 0, 7, "a"), line(1, 0, 7, "b"), lanes=({}, own))
    assert {lane.with_ for lane in result.values()} == {None}


@pytest.mark.parametrize("own", [{"sampler": "lms"}, {"steps": 4}])
def test_another_sampler_is_compared_and_not_blamed(own: dict[str, Any]) -> None:
    result = pairings(line(0, 0, 7, "a"), line(1, 0, 7, "b"), lanes=({}, own))
    (name,) = own
    assert result["lane-1"].differ == (name,)
    image = ImageLikeness(round=0, image=0, ssim=0.1, mse=9000.0, different=True)
    alike = likeness("lane-0", [image], result["lane-1"].differ)
    summary = with_likeness(Fold(run({}, own)).summary(), {"lane-1": alike})
    assert alike.different
    assert "images_differ" not in [remark.code for remark in summary.remarks]


def test_one_broken_image_among_many_is_remarked() -> None:
    same = [ImageLikeness(round=at, image=0, ssim=1.0, mse=0.0) for at in range(9)]
    broken = ImageLikeness(round=9, image=0, ssim=0.1, mse=9000.0, different=True)
    gone = ImageLikeness(round=10, image=0, reason="it is gone")
    alike = likeness("lane-0", [*same, broken, gone])
    assert (alike.n, alike.n_different, alike.n_missing, alike.different) == (10, 1, 1, True)
    summary = with_likeness(Fold(run({}, {})).summary(), {"lane-1": alike})
    (remark,) = [one for one in summary.remarks if one.code == "images_differ"]
    assert remark.text.startswith("images differ: 1 of 10 of Lane 1 differ")


def test_a_long_race_is_compared_by_its_first_images() -> None:
    lines = [line(lane, at, at, f"{lane}-{at}") for lane in (0, 1) for at in range(MAX_PAIRS + 5)]
    assert len(pairings(*lines)["lane-1"].pairs) == MAX_PAIRS


def test_a_lane_is_as_alike_as_its_images_are_on_average() -> None:
    images = [
        ImageLikeness(round=0, image=0, ssim=1.0, mse=0.0),
        ImageLikeness(round=1, image=0, ssim=0.5, mse=650.25),
        ImageLikeness(round=2, image=0, reason="it is gone"),
    ]
    result = likeness("lane-0", images)
    assert (result.ssim, result.lowest, result.n) == (0.75, 0.5, 2)
    assert result.psnr_db == pytest.approx(23.0103, abs=1e-4)
    assert likeness("lane-0", images[:1]).psnr_db is None
    assert likeness("lane-0", images[2:]).reason == "it is gone"


def test_a_lane_that_shows_something_else_is_named() -> None:
    summary = Fold(run({}, {}, {})).summary()
    likenesses = {
        "lane-0": Likeness(reason="the others are compared with it"),
        "lane-1": Likeness(
            with_="lane-0", ssim=0.12, psnr_db=9.5, n=2, n_different=2, different=True
        ),
        "lane-2": Likeness(with_="lane-0", ssim=0.97, n=2),
    }
    result = with_likeness(summary, likenesses)
    assert [lane.likeness for lane in result.lanes] == list(likenesses.values())
    (remark,) = [one for one in result.remarks if one.code == "images_differ"]
    assert remark.text.startswith(
        "images differ: 2 of 2 of Lane 1 differ from those of Lane 0 at the same seed "
        "(on average an SSIM of 0.12 and a PSNR of 9.5 dB)"
    )


@pytest.mark.parametrize(
    ("ssim", "mse", "different"),
    [(0.49, 10.0, True), (0.7, 2100.0, True), (0.7, 2000.0, False), (1.0, 0.0, False)],
)
def test_plain_areas_do_not_hide_that_images_differ(
    ssim: float, mse: float, different: bool
) -> None:
    assert is_different(ssim, mse) is different
