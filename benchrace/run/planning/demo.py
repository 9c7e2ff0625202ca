"""The race of a demo: one lane for each simulated machine."""

from collections.abc import Sequence

from benchrace.run.spec import LaneSpec, RunSpec

KIND = "llm_generate"
MODEL = "demo-1b-q8"
# The slowest machine takes about a minute for all of its rounds, the fastest one two seconds.
TOKENS, ROUNDS = 160, 4


def demo_race(machine_ids: Sequence[str]) -> RunSpec:
    """Return a race of these machines, each with the same model."""
    return RunSpec(
        kind=KIND,
        params={"model": MODEL, "max_tokens": TOKENS},
        lanes=tuple(LaneSpec(machine_id=machine_id) for machine_id in machine_ids),
        rounds=ROUNDS,
        name="Demo race",
    )
