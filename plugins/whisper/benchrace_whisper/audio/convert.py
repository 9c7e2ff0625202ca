"""Convert decoded frames to the samples that every engine gets: mono, 16 kHz, 16 bit."""

from typing import Any

import av
import numpy as np
import numpy.typing as npt

from benchrace_whisper.audio.rate import RATE

Samples = npt.NDArray[np.int16]


class Converter:
    """Collects samples. Files that were joined may go on in another rate or layout."""

    def __init__(self) -> None:
        self.length = 0
        self._parts: list[Samples] = []
        self._kind: tuple[Any, ...] | None = None
        self._resampler: Any = None

    def add(self, frame: Any) -> None:
        """Convert a frame, whatever its format is."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            self._finish()
            self._kind = kind
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        self._keep(frame)

    def end(self) -> Samples:
        """Return all samples."""
        self._finish()
        return np.concatenate(self._parts) if self._parts else np.zeros(0, np.int16)

    def _finish(self) -> None:
        if self._resampler is not None:
            self._keep(None)
            self._resampler = None

    def _keep(self, frame: Any) -> None:
        for piece in self._resampler.resample(frame):
            self._parts.append(piece.to_ndarray()[0])
            self.length += piece.samples
