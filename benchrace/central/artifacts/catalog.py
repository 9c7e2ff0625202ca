"""What central has of the files that a run's events name, and what of them a browser may show."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import msgspec

from benchrace.api.artifacts import ArtifactAnswer, ArtifactState
from benchrace.central.settings import ArtifactLimits
from benchrace.run.artifact import RunArtifact
from benchrace.store.artifacts import Artifacts

MIB = 1 << 20
_RIFF_FORM_AT = 8
_RECORDINGS = ("audio/", "video/")
_SHOWN = ("image/", *_RECORDINGS)

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
                f"the run's files would exceed {limits.run_bytes // MIB} MiB "
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

    def answer(artifact: RunArtifact) -> ArtifactAnswer:
        fields = msgspec.structs.asdict(artifact)
        if artifact.sha256 in stored:
            shown = artifact.media_type.startswith(_SHOWN)
            begin = _begin(store, artifact.sha256) if shown else b""
            return ArtifactAnswer(
                **fields,
                state=ArtifactState.STORED,
                image=image_of(artifact.media_type, begin),
                audio=audio_of(artifact.media_type, begin),
            )
        if (reason := refused.get(artifact.sha256)) is not None:
            return ArtifactAnswer(**fields, state=ArtifactState.REFUSED, reason=reason)
        return ArtifactAnswer(**fields, state=ArtifactState.ON_MACHINE, reason=why(artifact))

    return tuple(answer(artifact) for artifact in named)


def _begin(store: Artifacts, sha256: str) -> bytes:
    """Return the first bytes of a file; they are remembered, since a digest has but one content."""
    try:
        return _remembered(store.path(sha256))
    except FileNotFoundError:
        return b""


@lru_cache(maxsize=4096)
def _remembered(path: Path) -> bytes:
    if not (begin := Artifacts(path.parent.parent).begin_of(path.name)):
        # It may be there the next time.
        raise FileNotFoundError(path)
    return begin


def image_of(media_type: str, begin: bytes) -> str | None:
    """Return the image format if it is claimed, may be shown, and matches the first bytes."""
    sign = IMAGES.get(media_type)
    return media_type if sign is not None and sign(begin) else None


def audio_of(media_type: str, begin: bytes) -> str | None:
    """Return the format of a recording, by its first bytes, if it is claimed to be one."""
    if not media_type.startswith(_RECORDINGS):
        return None
    return next((audio for audio, sign in AUDIO.items() if sign(begin)), None)


def _is_riff(begin: bytes, form: bytes) -> bool:
    return begin.startswith(b"RIFF") and begin[_RIFF_FORM_AT:].startswith(form)


def _is_mp3(begin: bytes) -> bool:
    # The first frame: 11 bits of synchronisation, and a layer that is not reserved.
    frame = len(begin) > 1 and begin[0] == 0xFF and begin[1] & 0xE0 == 0xE0 and begin[1] & 0x06 != 0
    return begin.startswith(b"ID3") or frame


# Formats that hold nothing but pixels. SVG is a document, with scripts.
IMAGES: dict[str, Callable[[bytes], bool]] = {
    "image/png": lambda begin: begin.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": lambda begin: begin.startswith(b"\xff\xd8\xff"),
    "image/gif": lambda begin: begin.startswith((b"GIF87a", b"GIF89a")),
    "image/webp": lambda begin: _is_riff(begin, b"WEBP"),
}
# What browsers play, as audio also where it has pictures.
AUDIO: dict[str, Callable[[bytes], bool]] = {
    "audio/wav": lambda begin: _is_riff(begin, b"WAVE"),
    "audio/flac": lambda begin: begin.startswith(b"fLaC"),
    "audio/ogg": lambda begin: begin.startswith(b"OggS"),
    "audio/webm": lambda begin: begin.startswith(b"\x1a\x45\xdf\xa3"),
    "audio/mp4": lambda begin: begin[4:8] == b"ftyp",
    "audio/mpeg": _is_mp3,
}
