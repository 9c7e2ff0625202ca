"""How near a lane of text came to its machine's read bandwidth."""

from typing import Any

import msgspec
import pytest

from benchrace.events import Measured
from benchrace.run.findings.ceiling import Ceiling, CeilingShare, Efficiency, Roofs
from benchrace.run.planning.fit import Pool
from benchrace.stats.text import ceiling
from tests.stats.text_run import COLD, Log, ratio, run

# A position takes 2 * 4 * (64 + 64) * 2 = 2048 bytes.
MODEL: dict[str, Any] = {
    "name": "tiny:latest",
    "quantization": "Q8_0",
    "layers": 2,
    "kv": [{"count": 2, "kv_heads": 4, "k_dim": 64, "v_dim": 64}],
    "active_bytes": 1_000_000,
    "active_parameters": 900_000,
    "width": 640,
}
READ = Ceiling(
    value=2.0, unit="GB/s", threads=2, tier="avx2", at=1.0, run_id="probe", lane_id="lane-0"
)
ROOFS = Roofs(
    pool=Pool.SYSTEM,
    read=READ,
    decode={"b": Efficiency(value=0.5, low=0.4, high=0.6, n=1, run_ids=("x",))},
)


VRAM = msgspec.structs.replace(ROOFS, pool=Pool.VRAM)


def judged(
    roofs: Roofs | None = ROOFS,
    model: dict[str, Any] | None = MODEL,
    workers: tuple[str, ...] = (),
    **engine: Any,
) -> CeilingShare:
    models = [] if model is None else [model]
    machines = {"m": {"backends": [{"description": {"name": "b"}, "models": models}]}}
    metadata = run(COLD, machines=machines)
    lanes = [msgspec.structs.replace(lane, workers=workers) for lane in metadata.lanes]
    metadata = msgspec.structs.replace(metadata, lanes=tuple(lanes))
    by_machine = {} if roofs is None else {"m": roofs}
    log = Log(msgspec.structs.replace(metadata, ceilings=by_machine))
    for number, tokens in enumerate((100, 102)):
        log.done(
            0,
            number,
            Measured(metric="prompt_tokens", value=50),
            Measured(metric="gen_tokens", value=tokens),
            ratio("gen_tokens_per_s", tokens, tokens / 1000),
            ratio("prefill_tokens_per_s", 50, 0.01),
            record={"prompt_digest": "p", "engine": {"name": "e", "model": "TINY", **engine}},
        )
    share = log.fold.summary().lanes[0].ceiling
    assert share is not None
    return share


def test_the_share_is_the_rate_by_the_bytes_of_a_token() -> None:
    share = judged()
    # 50 before the answer and half of 101 tokens; half of the even halves rounds to even.
    assert (share.depth, share.bytes_per_token) == (100, 1_000_000 + 100 * 2048)
    assert share.width == 640
    assert share.bytes_per_s == pytest.approx(1000 * 1_204_800)
    assert share.share == pytest.approx(0.6024)
    assert share.flop_per_s == pytest.approx(5000 * 2 * 900_000)
    assert share.precision == "int8"
    assert (share.read_bytes_per_s, share.run_id, share.reason) == (2e9, "probe", None)
    assert share.predicted is not None
    assert share.predicted.value == pytest.approx(0.5 * 2e9 / 1_204_800 / 1.25)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"roofs": None}, "had not been measured before this run"),
        ({"roofs": Roofs(pool=Pool.SYSTEM, reason="measure it again")}, "measure it again"),
        ({"model": None}, "the engine does not report the model's shape"),
        ({"model": {"name": "tiny"}}, "how many bytes a token of this model reads is not known"),
        (
            {"roofs": VRAM, "settings": {"gpu_share": 0.6}},
            "a part of the model was not in the memory that the GPU uses",
        ),
        ({"workers": ("n",)}, "several machines computed each token, one after the other"),
        ({"host": "elsewhere"}, "the engine does not run on this machine"),
    ],
)
def test_what_is_missing_is_null_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    share = judged(**changes)
    assert share.share is None
    assert share.reason is not None
    assert reason in share.reason


def test_without_a_ceiling_the_lane_still_calibrates_a_later_one() -> None:
    assert judged(roofs=None).bytes_per_s == pytest.approx(1000 * 1_204_800)


def test_machines_are_read_only_to_judge_a_lane_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "_models", lambda _described: pytest.fail("read"))
    log = Log(msgspec.structs.replace(run(COLD), machines={"m": {}}))
    log.done(0, 0)
    assert log.fold.summary().lanes[0].ceiling is None


def test_lanes_that_are_not_of_single_answers_are_not_judged() -> None:
    log = Log(run(COLD))
    log.done(0, 0)
    assert log.fold.summary().lanes[0].ceiling is None
