"""Answers about a run's artifacts."""

from enum import StrEnum

import msgspec

from benchrace.run.artifact import RunArtifact
from benchrace.run.findings.likeness import Likeness


class ArtifactState(StrEnum):
    STORED = "stored"
    ON_MACHINE = "on_machine"
    REFUSED = "refused"


class ArtifactAnswer(RunArtifact, frozen=True, kw_only=True):
    """A file and where it is: `stored` here, on its machine (`reason` says if it cannot come), or
    `refused` for good.

    `image` or `audio` is its format where it is one that a browser may show or play: claimed, and
    seen in its bytes.
    """

    state: ArtifactState
    reason: str | None = None
    image: str | None = None
    audio: str | None = None


class ArtifactList(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a run; `left_out` counts those that its events name beyond the most.

    `comparing` says that its images are still to be compared; `likeness` has the lanes, by their
    ids, as far as they are.
    """

    artifacts: tuple[ArtifactAnswer, ...]
    left_out: int = 0
    comparing: bool = False
    likeness: dict[str, Likeness] = {}
