"""Decode audio of any format that FFmpeg reads: mono, 16 kHz, 16 bit. Blocks; never timed."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import numpy.typing as npt

from benchrace.plugin import BenchraceError, Category, FieldError, InvalidInput, duration
from benchrace_whisper.audio.convert import Converter, Samples
from benchrace_whisper.audio.headers import mp3_frames, wav_size
from benchrace_whisper.audio.rate import RATE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

__all__ = ["MAX_AUDIO_S", "Samples", "as_floats", "broken", "check", "decode", "digest"]

# A lane holds all of its audio in memory: 1.4 GB.
MAX_AUDIO_S = 12 * 3600
# -60 dB below full scale: noise of a microphone in a quiet room.
_SILENT = 33
# Their length is guessed from the bit rate, unless a header of MP3 counts the frames.
_GUESSED = frozenset(["mp3", "aac"])
# These state it exactly, and others nearly; what encoders add at both ends is left out.
_EXACT = frozenset(["flac", "matroska", "mov", "mp3", "w64", "wav"])
_SHORT, _SHORT_EXACT = 0.9, 0.98
_PADDING_S = 0.2
_MAX_DAMAGED = 0.01
# Playlists and the like, which name other files, are not among them.
_FORMATS = (
    *("aac", "ac3", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi", "caf", "flac"),
    *("flv", "matroska", "mov", "mp3", "mpeg", "mpegts", "ogg", "tta", "w64", "wav", "webm", "wv"),
)
_OPTIONS = {"format_whitelist": ",".join(_FORMATS), "protocol_whitelist": "file"}


def decode(
    path: Path, name: str, stopped: Callable[[], bool], *, most: int = MAX_AUDIO_S * RATE
) -> Samples:
    """Return the samples of a file, an empty array once `stopped`; errors call it `name`.

    Raises `missing_asset`, `empty_file`, `broken_file` or `silence`, and `validation` if it has
    more than `most` samples.
    """
    check_size(path, name)
    try:
        with _open(path) as container:
            samples = _decode(container, name, stopped, most)
    except (av.error.FFmpegError, UnicodeError) as error:
        raise broken(name, _reason(error)) from error
    if stopped():
        return samples
    if not samples.size:
        raise BenchraceError(Category.EMPTY_FILE, f"{name} has no audio in it")
    if max(-int(samples.min()), int(samples.max())) < _SILENT:
        text = f"{name} is silent: {duration(samples.size * 1_000_000_000 // RATE)} without a sound"
        raise BenchraceError(Category.SILENCE, text)
    return samples


def check(path: Path, name: str) -> None:
    """Check that a file can be opened and has audio, without decoding it; raises as `decode`."""
    check_size(path, name)
    try:
        with _open(path) as container:
            _stream(container, name)
    except (av.error.FFmpegError, UnicodeError) as error:
        raise broken(name, _reason(error)) from error


def check_size(path: Path, name: str) -> None:
    """Raise `missing_asset` or `empty_file`."""
    try:
        size = path.stat().st_size
    except OSError as error:
        text = f"cannot read {name}: {error.strerror}"
        raise BenchraceError(Category.MISSING_ASSET, text) from error
    if not size:
        raise BenchraceError(Category.EMPTY_FILE, f"{name} is empty (0 bytes)")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_floats(samples: Samples) -> npt.NDArray[np.float32]:
    """Return samples from -1 to 1, as models take them."""
    return np.multiply(samples, np.float32(1 / 32_768), dtype=np.float32)


def broken(name: str, reason: str) -> BenchraceError:
    """Return the error of a file that cannot be decoded."""
    return BenchraceError(Category.BROKEN_FILE, f"cannot decode {name}: {reason}")


def _open(path: Path) -> "InputContainer":
    return av.open(str(path), mode="r", metadata_errors="ignore", options=dict(_OPTIONS))


def _stream(container: "InputContainer", name: str) -> "AudioStream":
    if not container.streams.audio:
        raise broken(name, "it has no audio stream")
    return container.streams.audio[0]


def _decode(
    container: "InputContainer", name: str, stopped: Callable[[], bool], most: int
) -> Samples:
    stream = _stream(container, name)
    stated_s = _stated_s(container, stream)
    converter = Converter()
    good, damaged = 0, 0
    for frame in _frames(container, stream):
        if stopped():
            break
        if frame is None:
            damaged += 1
            continue
        good += 1
        # Gaps in a stream's own times would be filled or cut.
        frame.pts = None
        converter.add(frame)
        if converter.length > most:
            text = f"it is longer than {MAX_AUDIO_S // 3600} hours in all, which end in {name}"
            raise InvalidInput(FieldError("audio", text), "Race on a part of it.")
    samples = converter.end()
    if damaged > 1 and damaged > _MAX_DAMAGED * good:
        raise broken(name, f"{damaged} of its {good + damaged} frames are damaged")
    end_s = samples.size / RATE
    if stated_s and not stopped() and end_s < _enough_s(container, stated_s):
        raise broken(name, f"it ends after {end_s:.1f} s of the {stated_s:.1f} s that it states")
    return samples


def _frames(container: "InputContainer", stream: "AudioStream") -> Iterator[Any]:
    """Yield decoded frames, and None for a damaged packet."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            yield None


def _enough_s(container: "InputContainer", stated_s: float) -> float:
    if _EXACT & set(container.format.name.split(",")):
        return min(_SHORT_EXACT * stated_s, stated_s - _PADDING_S)
    return _SHORT * stated_s


def _stated_s(container: "InputContainer", stream: "AudioStream") -> float | None:
    if _GUESSED & set(container.format.name.split(",")) or stream.time_base is None:
        frames = mp3_frames(Path(container.name)) if container.format.name == "mp3" else None
        rate = stream.codec_context.sample_rate
        # A frame of MPEG-1 has 1152 samples; the lower rates are those of MPEG-2.
        return frames * (1152 if rate >= 32_000 else 576) / rate if frames and rate else None
    if stream.duration is None:
        return None
    there_s = float(stream.duration * stream.time_base)
    if container.format.name == "wav" and (size := wav_size(Path(container.name))) is not None:
        # FFmpeg states what is there.
        return there_s * max(1.0, size / Path(container.name).stat().st_size)
    return there_s


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.ArgumentError):
        # What FFmpeg says to a format that is not in the list.
        return "it is in none of the formats that are read"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
