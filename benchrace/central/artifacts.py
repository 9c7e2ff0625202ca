"""What central has of the files that a run's events name, and what of them a browser may show."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path

import msgspec

from benchrace.central.settings import ArtifactLimits
from benchrace.run.artifact import RunArtifact
from benchrace.store.artifacts import Artifacts

MIB = 1 << 20
_WEBP_AT = 8

Why = Callable[[RunArtifact], str | None]
"""Says why a file could not be fetched when that was last tried."""


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


def refusals(named: Iterable[RunArtifact], limits: ArtifactLimits) -> dict[str, str]:
    """Say of each file that will not be fetched why, by digest; the first ones named come first.

    Pure, so that a restart says the same.
    """
    refused: dict[str, str] = {}
    taken: set[str] = set()
    total = 0
    for each in named:
        if each.sha256 in taken or each.sha256 in refused:
            continue
        if each.size > limits.file_bytes:
            refused[each.sha256] = (
                f"it has {each.size} bytes, and central takes files of up to "
                f"{limits.file_bytes // MIB} MiB (artifact_mib in central.yaml); it stays on "
                f"{each.machine_id}"
            )
        elif total + each.size > limits.run_bytes:
            refused[each.sha256] = (
                f"with it the run's files would have over {limits.run_bytes // MIB} MiB "
                f"(artifacts_mib in central.yaml); it stays on {each.machine_id}"
            )
        else:
            taken.add(each.sha256)
            total += each.size
    return refused


def listed(
    run: Path, named: Iterable[RunArtifact], limits: ArtifactLimits, why: Why
) -> tuple[ArtifactAnswer, ...]:
    """Say of each file of a run where it is; blocking."""
    named = tuple(named)
    if not named:
        return ()
    kept = Artifacts(run)
    stored = kept.stored()
    refused = refusals(named, limits)
    begins: dict[str, bytes] = {}

    def answer(each: RunArtifact) -> ArtifactAnswer:
        known = msgspec.structs.asdict(each)
        if each.sha256 in stored:
            if each.media_type in IMAGES and each.sha256 not in begins:
                begins[each.sha256] = kept.begin_of(each.sha256)
            image = image_of(each.media_type, begins.get(each.sha256, b""))
            return ArtifactAnswer(**known, state=ArtifactState.STORED, image=image)
        if (reason := refused.get(each.sha256)) is not None:
            return ArtifactAnswer(**known, state=ArtifactState.REFUSED, reason=reason)
        return ArtifactAnswer(**known, state=ArtifactState.ON_MACHINE, reason=why(each))

    return tuple(answer(each) for each in named)


def image_of(media_type: str, begin: bytes) -> str | None:
    """Give the format where it is claimed, may be shown, and is what the bytes begin as."""
    sign = IMAGES.get(media_type)
    return media_type if sign is not None and sign(begin) else None


def _is_webp(begin: bytes) -> bool:
    return begin.startswith(b"RIFF") and begin[_WEBP_AT:].startswith(b"WEBP")


# Formats that hold nothing but pixels. SVG is a document, with scripts.
IMAGES: dict[str, Callable[[bytes], bool]] = {
    "image/png": lambda begin: begin.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": lambda begin: begin.startswith(b"\xff\xd8\xff"),
    "image/gif": lambda begin: begin.startswith((b"GIF87a", b"GIF89a")),
    "image/webp": _is_webp,
}
