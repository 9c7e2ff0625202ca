"""Series of runs: those that raced the same work in the same lanes."""

import msgspec

from benchrace.run.clients import key_of
from benchrace.run.metadata import RunMetadata

_CHARS = 16


def series_key(run: RunMetadata) -> str:
    """Return what runs of one series share: a digest of their work, lanes and conditions.

    Names, notes, labels and times are left out, and so is the number of rounds, which makes a
    result surer and no other one. A parameter that is null counts as one that is not there, as
    newer versions of a plugin add some.
    """
    # Commands that only read the index compute none.
    from hashlib import sha256

    lanes = [
        (
            # A lane of one machine has the key that it had before lanes could have several.
            key_of(lane),
            lane.backend,
            {k: v for k, v in lane.params.items() if v is not None},
        )
        for lane in run.lanes
    ]
    conditions = (run.order, run.sync, run.spec.resident, run.warmup)
    content = msgspec.json.encode((run.kind, lanes, conditions), order="deterministic")
    return sha256(content).hexdigest()[:_CHARS]
