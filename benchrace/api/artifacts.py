"""Answers about a run's artifacts."""

from enum import StrEnum

import msgspec

from benchrace.run.artifact import RunArtifact


class ArtifactState(StrEnum):
    STORED = "stored"
    ON_MACHINE = "on_machine"
    REFUSED = "refused"


class ArtifactAnswer(RunArtifact, frozen=True, kw_only=True):
    """A file and where it is: `stored` here, on its machine (`reason` says if it cannot come), or
    `refused` for good.

    `image` is its format where it is one that a browser may show: claimed, and seen in its bytes.
    """

    state: ArtifactState
    reason: str | None = None
    image: str | None = None


class ArtifactList(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a run; `left_out` counts those that its events name beyond the most."""

    artifacts: tuple[ArtifactAnswer, ...]
    left_out: int = 0
