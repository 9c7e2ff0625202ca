"""Audio of several formats, and files that are wrong in several ways."""

from pathlib import Path

import numpy as np
import pytest

from benchrace.plugin import BenchraceError, Category, InvalidInput
from benchrace_whisper.audio.decode import as_floats, check, decode
from benchrace_whisper.audio.folders import SAMPLES, sample
from benchrace_whisper.audio.rate import RATE

from . import sounds


def go_on() -> bool:
    return False


def failure(path: Path) -> BenchraceError:
    with pytest.raises(BenchraceError) as caught:
        decode(path, path.name, go_on)
    return caught.value


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 16_000),
        ("a.wav", "pcm_s16le", 8_000),
        ("a.flac", "flac", 44_100),
        ("a.opus", "libopus", 48_000),
        ("a.mp3", "mp3", 44_100),
        ("a.m4a", "aac", 48_000),
    ],
)
def test_formats_and_rates_come_out_as_one(
    tmp_path: Path, name: str, codec: str, rate: int
) -> None:
    # The tones are played faster or slower by another rate, so that only their length is known.
    path = sounds.write(tmp_path / name, sounds.tones(3), codec=codec, rate=rate)
    samples = decode(path, name, go_on)
    assert samples.dtype == np.int16
    assert samples.size / RATE == pytest.approx(3 * RATE / rate, abs=0.1)


def test_plain_samples_stay_as_they_are(tmp_path: Path) -> None:
    tones = sounds.tones(1)
    path = sounds.write(tmp_path / "a.wav", tones)
    assert np.array_equal(decode(path, "a.wav", go_on), tones)
    assert as_floats(tones).max() == pytest.approx(tones.max() / 32768)


def test_two_channels_become_one(tmp_path: Path) -> None:
    tones = sounds.tones(1)
    path = sounds.write(tmp_path / "a.wav", np.column_stack([tones, np.zeros_like(tones)]))
    samples = decode(path, "a.wav", go_on)
    assert samples.size == tones.size
    assert 0 < np.abs(samples).max() < np.abs(tones).max()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_there_with_their_text(name: str) -> None:
    samples = decode(sample(name), name, go_on)
    assert samples.size / RATE == pytest.approx(float(name[7:-1]), rel=0.1)
    assert len(sample(name).with_suffix(".txt").read_text().split()) > 30


def test_a_missing_file(tmp_path: Path) -> None:
    error = failure(tmp_path / "no.wav")
    assert error.category is Category.MISSING_ASSET
    assert str(tmp_path) not in error.message


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert failure(tmp_path / "a.wav").category is Category.EMPTY_FILE


def test_a_file_without_samples(tmp_path: Path) -> None:
    whole = sounds.write(tmp_path / "a.wav", sounds.tones(0.1)).read_bytes()
    header = whole[: whole.index(b"data") + 4]
    (tmp_path / "a.wav").write_bytes(header + b"\0\0\0\0")
    assert failure(tmp_path / "a.wav").category is Category.EMPTY_FILE


def test_a_file_that_is_no_audio(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"<html>not found</html>" * 50)
    error = failure(tmp_path / "a.mp3")
    assert error.category is Category.BROKEN_FILE
    with pytest.raises(BenchraceError) as caught:
        check(tmp_path / "a.mp3", "a.mp3")
    assert caught.value.category is Category.BROKEN_FILE


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.mp3", "ffconcat version 1.0\nfile '{inside}'\n"),
        ("a.m3u8", "#EXTM3U\n#EXTINF:10,\n{inside}\n#EXT-X-ENDLIST\n"),
    ],
)
def test_a_list_of_other_files_is_not_read(tmp_path: Path, name: str, text: str) -> None:
    inside = sounds.write(tmp_path / "a.wav", sounds.tones(1))
    (tmp_path / name).write_text(text.format(inside=inside))
    assert failure(tmp_path / name).category is Category.BROKEN_FILE
    # Without the list, FFmpeg says something else.
    (tmp_path / "a.mp3").write_text("ffconcat version 1.0\nfile 'a.wav'\n")
    assert "none of the formats" in failure(tmp_path / "a.mp3").message


def test_a_picture_has_no_audio(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 16
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    error = failure(tmp_path / "a.mp4")
    assert (error.category, "no audio stream" in error.message) == (Category.BROKEN_FILE, True)


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "a.flac", sounds.tones(10), codec="flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    error = failure(path)
    assert error.category is Category.BROKEN_FILE


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "mp3"), ("a.wav", "pcm_s16le")])
def test_a_file_that_lacks_its_end(tmp_path: Path, name: str, codec: str) -> None:
    path = sounds.write(tmp_path / name, sounds.tones(20), codec=codec)
    assert decode(path, name, go_on).size / RATE == pytest.approx(20, abs=0.2)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.95)])
    error = failure(path)
    assert error.category is Category.BROKEN_FILE
    assert "states" in error.message


def test_files_of_several_rates_that_were_joined(tmp_path: Path) -> None:
    data = b""
    for rate in (16_000, 44_100):
        tones = sounds.tones(2)
        both = tones if rate == 16_000 else np.column_stack([tones, tones])
        data += sounds.write(tmp_path / "part.mp3", both, codec="mp3", rate=rate).read_bytes()
    (tmp_path / "a.mp3").write_bytes(data)
    samples = decode(tmp_path / "a.mp3", "a.mp3", go_on)
    assert samples.size / RATE == pytest.approx(2 + 2 * 16_000 / 44_100, abs=0.2)


def test_silence(tmp_path: Path) -> None:
    quiet = (np.random.default_rng(0).integers(-20, 21, 2 * RATE)).astype(np.int16)
    error = failure(sounds.write(tmp_path / "a.wav", quiet))
    assert error.category is Category.SILENCE
    assert "2" in error.message


def test_the_loudest_negative_sample_is_a_sound(tmp_path: Path) -> None:
    samples = np.zeros(RATE, np.int16)
    samples[5] = -32_768
    path = sounds.write(tmp_path / "a.wav", samples)
    assert decode(path, "a.wav", go_on).min() == -32_768
    assert as_floats(samples).min() == -1.0


def test_a_file_beyond_the_limit_names_the_field(tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "a.wav", sounds.tones(2))
    with pytest.raises(InvalidInput, match="which end in a") as caught:
        decode(path, "a.wav", go_on, most=RATE)
    assert [field.path for field in caught.value.fields] == ["audio"]


def test_a_cancel_ends_decoding(tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "a.wav", sounds.tones(10))
    request = iter([False, True])
    samples = decode(path, "a.wav", lambda: next(request, True))
    assert samples.size < 10 * RATE
