"""Which files are taken, and which of them are images or audio; nothing here touches a link."""

from pathlib import Path

import pytest

from benchrace.api.artifacts import ArtifactState
from benchrace.central.artifacts.catalog import audio_of, image_of, listed, refusals
from benchrace.central.artifacts.pending import PendingArtifacts
from benchrace.central.settings import ArtifactLimits
from benchrace.run.artifact import RunArtifact
from benchrace.store.artifacts import Artifacts

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def named(letter: str, size: int, **changes: object) -> RunArtifact:
    fields = {
        "name": "a.png",
        "media_type": "image/png",
        "size": size,
        "sha256": letter * 64,
        "job_id": "j1",
        "machine_id": "box",
        "lane_id": "lane-0",
        "round": 0,
    }
    return RunArtifact(**fields | changes)  # type: ignore[arg-type]


def test_too_large_a_file_and_too_many_of_them_stay_and_say_why() -> None:
    mib = 1 << 20
    files = [named("a", 2 * mib), named("b", 5 * mib), named("c", 2 * mib), named("d", mib)]
    again = [named("a", 2 * mib)]
    refused = refusals([*files, *again], ArtifactLimits(file_bytes=4 * mib, run_bytes=3 * mib))
    assert refused.keys() == {"b" * 64, "c" * 64}
    assert "up to 4 MiB (artifact_mib in central.yaml); it stays on box" in refused["b" * 64]
    assert "exceed 3 MiB (artifacts_mib in central.yaml)" in refused["c" * 64]


@pytest.mark.parametrize(
    ("media_type", "begin", "image"),
    [
        ("image/png", PNG, "image/png"),
        ("image/jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("image/gif", b"GIF89a", "image/gif"),
        ("image/webp", b"RIFF\x01\x02\x03\x04WEBPVP8 ", "image/webp"),
        ("image/png", b"<html><script>", None),
        ("image/png", b"", None),
        ("image/webp", b"RIFF\x01\x02\x03\x04WAVEfmt ", None),
        ("image/svg+xml", b"<svg onload=alert(1)>", None),
        ("text/html", PNG, None),
        ("image/png; charset=x", PNG, None),
        ("IMAGE/PNG", PNG, None),
    ],
)
def test_an_image_is_what_is_claimed_and_what_is_seen(
    media_type: str, begin: bytes, image: str | None
) -> None:
    assert image_of(media_type, begin) == image


def test_the_list_says_where_each_file_is(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / ("a" * 64)).write_bytes(PNG)
    (folder / f"{'b' * 64}.box.partial").write_bytes(PNG)
    files = [named("a", 16), named("b", 16), named("c", 99), named("a", 16, media_type="x/y")]
    answers = listed(tmp_path, files, ArtifactLimits(file_bytes=50), lambda _: "it was away")
    assert [(answer.state, answer.image) for answer in answers] == [
        (ArtifactState.STORED, "image/png"),
        (ArtifactState.ON_MACHINE, None),
        (ArtifactState.REFUSED, None),
        (ArtifactState.STORED, None),
    ]
    assert answers[1].reason == "it was away"


def test_a_file_that_failed_waits_for_the_next_link() -> None:
    pending = PendingArtifacts()
    one, other = object(), object()
    pending.add("run", named("a", 1))
    assert pending.begin(one, 0)  # type: ignore[arg-type]
    assert not pending.begin(one, 0)  # type: ignore[arg-type]
    result = pending.next()
    assert result is not None
    pending.failed(result[0], "it was gone")
    pending.end()
    pending.add("run", named("a", 1))
    assert not pending.begin(one, 0)  # type: ignore[arg-type]
    assert pending.why(result[0]) == "it was gone"
    assert pending.runs == {"run"}
    assert pending.begin(other, 0)  # type: ignore[arg-type]
    assert pending.next() == result
    pending.done(result[0])
    assert (pending.runs, pending.next(), pending.why(result[0])) == (frozenset(), None, None)


def test_a_shelf_rests_until_their_time_or_the_next_link() -> None:
    pending = PendingArtifacts()
    one, other = object(), object()
    pending.add("run", named("a", 1))
    assert pending.begin(one, 0)  # type: ignore[arg-type]
    pending.rest(100)
    pending.end()
    assert not pending.begin(one, 99)  # type: ignore[arg-type]
    assert pending.begin(one, 100)  # type: ignore[arg-type]
    pending.rest(1000)
    pending.end()
    assert pending.begin(other, 101)  # type: ignore[arg-type]
    pending.forget("run")
    assert pending.next() is None


@pytest.mark.parametrize(
    ("media_type", "begin", "expected"),
    [
        ("audio/x-wav", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        ("audio/flac", b"fLaC\0\0\0\x22", "audio/flac"),
        ("audio/mpeg", b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        ("audio/mpeg", b"\xff\xfb\x90\x64", "audio/mpeg"),
        ("video/mp4", b"\0\0\0\x20ftypisom", "audio/mp4"),
        ("audio/webm", b"\x1a\x45\xdf\xa3\x9f", "audio/webm"),
        ("audio/mpeg", b"OggS\0\2", "audio/ogg"),
        ("audio/aac", b"\xff\xf1\x50\x80", None),
        ("audio/wav", PNG, None),
        ("audio/wav", b"<html>", None),
        ("audio/wav", b"", None),
        ("text/html", b"OggS\0\2", None),
    ],
)
def test_a_recording_is_claimed_to_be_one_and_has_the_format_of_its_bytes(
    media_type: str, begin: bytes, expected: str | None
) -> None:
    assert audio_of(media_type, begin) == expected


def test_the_first_bytes_of_an_image_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [named("a", 16)]
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / ("a" * 64)).write_bytes(b"")
    reads = []

    def begin_of(store: Artifacts, sha256: str) -> bytes:
        reads.append(sha256)
        return store.path(sha256).read_bytes()

    def image() -> str | None:
        return listed(tmp_path, files, ArtifactLimits(), lambda _: None)[0].image

    monkeypatch.setattr(Artifacts, "begin_of", begin_of)
    assert image() is None
    (folder / ("a" * 64)).write_bytes(PNG)
    assert [image(), image(), len(reads)] == ["image/png", "image/png", 2]
