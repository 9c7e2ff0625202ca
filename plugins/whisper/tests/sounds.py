"""Sounds for tests: tones in words, in the formats that people have."""

from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 16_000


def tones(seconds: float, seed: int = 0) -> np.ndarray:
    """Return words of harmonics with pauses between, 16 kHz, 16 bit."""
    random = np.random.default_rng(seed)
    at = np.arange(int(seconds * RATE)) / RATE
    pitch = 110 + 40 * np.sin(2 * np.pi * 0.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(phase * harmonic) / harmonic for harmonic in (1, 2, 3, 5, 8))
    words = (np.sin(2 * np.pi * 2.5 * at) > -0.3) * (0.6 + 0.4 * random.random())
    return (6000 * voice * words).astype(np.int16)


def write(path: Path, samples: np.ndarray, *, codec: str = "pcm_s16le", rate: int = RATE) -> Path:
    """Write samples; the ending of the path is the container."""
    layout = "mono" if samples.ndim == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
    frame.sample_rate = rate
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate)
        size = stream.codec_context.frame_size or 4096
        fifo = av.AudioFifo()
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            part.pts = None
            fifo.write(part)
        while (piece := fifo.read(size) or fifo.read(size, partial=True)) is not None:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return path
