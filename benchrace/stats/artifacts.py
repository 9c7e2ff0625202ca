"""The files that a run's events name, checked before they are trusted."""

from benchrace.events import Artifact
from benchrace.ids import is_name, is_sha256
from benchrace.run.artifact import MAX_ARTIFACTS, RunArtifact
from benchrace.run.metadata import RunMetadata

_PREFIX = "sha256:"
_MEDIA_TYPE_CHARS = 100
# What every reader of JSON can hold exactly.
_MAX_SIZE = 1 << 53


class ArtifactFold:
    """`named` has the files in the order of their events, `left_out` counts those over the most.

    An event of no job of the run, or with a name or digest that is none, names nothing. The
    machine is the one that the plan gave the job.
    """

    def __init__(self, metadata: RunMetadata) -> None:
        self._machines = {lane.job_id: lane.machine_id for lane in metadata.lanes}
        self._lanes = {lane.lane_id for lane in metadata.lanes}
        self.named: list[RunArtifact] = []
        self.left_out = 0

    def take(self, event: Artifact) -> None:
        """Process the next event."""
        artifact = event.payload
        sha256 = artifact.digest.removeprefix(_PREFIX)
        machine_id = self._machines.get(event.job_id)
        if event.job_id is None or machine_id is None or not artifact.digest.startswith(_PREFIX):
            return
        if (
            not is_sha256(sha256)
            or not is_name(artifact.name)
            or not 0 <= artifact.size < _MAX_SIZE
        ):
            return
        if len(self.named) >= MAX_ARTIFACTS:
            self.left_out += 1
            return
        self.named.append(
            RunArtifact(
                name=artifact.name,
                media_type=artifact.media_type[:_MEDIA_TYPE_CHARS],
                size=artifact.size,
                sha256=sha256,
                job_id=event.job_id,
                machine_id=machine_id,
                lane_id=event.lane_id if event.lane_id in self._lanes else None,
                round=event.round if 0 <= (event.round or 0) < _MAX_SIZE else None,
            )
        )
