"""Language models side by side, on real engines: agreement of quants, memory, and a sweep."""

import pytest

from tests.engine.models import Models
from tests.flow.conftest import Shell
from tests.flow.test_llm import arguments, engines, models, records, run

__all__ = ["models"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_quants_of_one_model_are_asked_alike_and_compared(shell: Shell, models: Models) -> None:
    with engines(shell, models, ("tiny", "f16"), ("tiny", "q8_0")) as running:
        lanes = [
            f"server=server-{at},model={record.model.stem}" for at, record in enumerate(running)
        ]
        words = arguments("llm_generate", *lanes, rounds=3, max_tokens=16, temperature=0)
        done = run(shell, words)
    best, small = (lane["agreement"] for lane in done["lanes"])
    assert best["share"] is None
    assert "least quantised" in best["reason"]
    assert (small["with"], small["n"]) == ("lane-0", 1)
    assert 0 <= small["share"] <= 1
    first, second = (records(shell, f"lane-{at}") for at in range(2))
    nonces = [record["nonce"] for record in (*first, *second)]
    assert len(set(nonces)) == len(nonces)
    assert all(record["reference"] for record in (*first, *second))
    assert [record["answer"]["usage"]["prompt"] for record in first] == [
        record["answer"]["usage"]["prompt"] for record in second
    ]
    # Neither server can let go of its model: both lanes had company, and say so.
    assert all(record["alone"] is False and record["stayed"] for record in (*first, *second))
    marks = [{mark["code"] for mark in lane["marks"]} for lane in done["lanes"]]
    assert all("memory_shared" in mark for mark in marks)


def test_a_sweep_has_a_point_for_each_load(shell: Shell, models: Models) -> None:
    with engines(shell, models, ("tiny", "f16")):
        lanes = [f"server=server-0,concurrency={streams}" for streams in (1, 2, 4)]
        done = run(shell, arguments("llm_serve", *lanes, rounds=2, max_tokens=8, requests=12))
    (knee,) = done["knees"]
    assert knee["swept"] == "concurrency"
    assert [point["load"] for point in knee["points"]] == [1, 2, 4]
    assert all(point["power"] > 0 for point in knee["points"])
    assert (knee["load"] is None) == bool(knee["reason"])
    assert {record["alone"] for record in records(shell)} == {True}
