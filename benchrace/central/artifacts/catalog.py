"""What central has of the files that a run's events name, and what of them a browser may show."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from benchrace.api.artifacts import ArtifactAnswer, ArtifactState
from benchrace.central.settings import ArtifactLimits
from benchrace.run.artifact import RunArtifact
from benchrace.store.artifacts import Artifacts

MIB = 1 << 20
_WEBP_AT = 8

Why = Callable[[RunArtifact], str | None]
"""Returns why the last attempt to fetch a file failed."""


def refusals(named: Iterable[RunArtifact], limits: ArtifactLimits) -> dict[str, str]:
    """Return by digest why files will not be fetched; those named first have priority.

    Pure, so that a restart says the same.
    """
    refused: dict[str, str] = {}
    taken: set[str] = set()
    total = 0
    for artifact in named:
        if artifact.sha256 in taken or artifact.sha256 in refused:
            continue
        if artifact.size > limits.file_bytes:
            refused[artifact.sha256] = (
                f"it has {artifact.size} bytes, and central takes files of up to "
                f"{limits.file_bytes // MIB} MiB (artifact_mib in central.yaml); it stays on "
                f"{artifact.machine_id}"
            )
        elif total + artifact.size > limits.run_bytes:
            refused[artifact.sha256] = (
                f"with it the run's files would have over {limits.run_bytes // MIB} MiB "
                f"(artifacts_mib in central.yaml); it stays on {artifact.machine_id}"
            )
        else:
            taken.add(artifact.sha256)
            total += artifact.size
    return refused


def listed(
    run: Path, named: Iterable[RunArtifact], limits: ArtifactLimits, why: Why
) -> tuple[ArtifactAnswer, ...]:
    """Return where each file of a run is; blocking."""
    named = tuple(named)
    if not named:
        return ()
    store = Artifacts(run)
    stored = store.stored()
    refused = refusals(named, limits)
    begins: dict[str, bytes] = {}

    def answer(artifact: RunArtifact) -> ArtifactAnswer:
        fields = msgspec.structs.asdict(artifact)
        if artifact.sha256 in stored:
            if artifact.media_type in IMAGES and artifact.sha256 not in begins:
                begins[artifact.sha256] = store.begin_of(artifact.sha256)
            image = image_of(artifact.media_type, begins.get(artifact.sha256, b""))
            return ArtifactAnswer(**fields, state=ArtifactState.STORED, image=image)
        if (reason := refused.get(artifact.sha256)) is not None:
            return ArtifactAnswer(**fields, state=ArtifactState.REFUSED, reason=reason)
        return ArtifactAnswer(**fields, state=ArtifactState.ON_MACHINE, reason=why(artifact))

    return tuple(answer(artifact) for artifact in named)


def image_of(media_type: str, begin: bytes) -> str | None:
    """Return the image format if it is claimed, may be shown, and matches the first bytes."""
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
