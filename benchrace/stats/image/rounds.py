"""The images that the rounds of a run made, out of its log."""

from collections import defaultdict

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError
from benchrace.events import Level, RoundDone, decode
from benchrace.kinds.image import ImageOutput
from benchrace.kinds.llm import EngineFacts
from benchrace.run.metadata import RunMetadata
from benchrace.view.lines import Lines

_TAG = b'{"type":"round_done",'


class ImageRound(msgspec.Struct, frozen=True):
    """Parts of a round's record."""

    prompt_digest: str
    engine: EngineFacts
    seed: int | None
    steps: int
    outputs: tuple[ImageOutput, ...]


class ImageRounds:
    """Reads a log in pieces of any size. `lanes` has the counted rounds of images by their number.

    Rounds of other attempts, and records that are not of images, are left out.
    """

    def __init__(self, metadata: RunMetadata) -> None:
        self.lanes: defaultdict[str, dict[int, ImageRound]] = defaultdict(dict)
        self._jobs = {lane.lane_id: lane.job_id for lane in metadata.lanes}
        self._lines = Lines()

    def feed(self, data: bytes) -> None:
        """Process the next bytes of the log."""
        for line in self._lines.feed(data):
            if line.startswith(_TAG):
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            event = decode(line)
        except (msgspec.DecodeError, BenchraceError):
            return
        if not isinstance(event, RoundDone) or event.lane_id is None or event.round is None:
            return
        done = event.payload
        if done.warmup or done.verdict.level is Level.INVALID or done.record is None:
            return
        if self._jobs.get(event.lane_id, "") != event.job_id:
            return
        try:
            images = structs.convert(done.record, ImageRound)
        except msgspec.ValidationError:
            return
        self.lanes[event.lane_id].setdefault(event.round, images)
