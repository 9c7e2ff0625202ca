"""Answers about a run: its document, and its position in the log."""

import msgspec
from anyio import to_thread

from benchrace.api.artifacts import ArtifactList
from benchrace.api.runs import RunAnswer
from benchrace.central.artifacts.catalog import listed
from benchrace.central.artifacts.likeness import is_due, makes_images
from benchrace.central.central import Central
from benchrace.central.runs.summaries import summary_of
from benchrace.run.artifact import RunArtifact
from benchrace.run.document import document as put_together
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RunSummary
from benchrace.run.title import title
from benchrace.store.run_folder import RunFolder, folder_path
from benchrace.store.run_log import StoredLog


async def answer(central: Central, run_id: str) -> RunAnswer:
    """Describe a run, live or stored; raises `NotFound`."""
    live = central.live(run_id)
    if live is not None:
        run = _answer(live.metadata, live.fold.summary(), live.log.size)
        position = central.queue_position(run_id)
        files = await artifacts(central, run_id)
        return msgspec.structs.replace(
            run,
            queue_position=position,
            artifacts=files.artifacts,
            artifacts_left_out=files.left_out,
        )
    run, due = await to_thread.run_sync(_stored, central, run_id)
    if due:
        central.compare_images(run_id)
    return run


async def artifacts(central: Central, run_id: str) -> ArtifactList:
    """List a run's files with where they are; raises `NotFound`."""
    live = central.live(run_id)
    if live is not None:
        named, left_out = tuple(live.fold.artifacts.named), live.fold.artifacts.left_out
        files = await to_thread.run_sync(_listed, central, run_id, named, left_out)
        return msgspec.structs.replace(files, comparing=makes_images(live.metadata))
    files = await to_thread.run_sync(_stored_artifacts, central, run_id)
    if files.comparing:
        central.compare_images(run_id)
    return files


def _stored_artifacts(central: Central, run_id: str) -> ArtifactList:
    folder = RunFolder.open(central.runs_dir, run_id)
    # Before the summary: what is compared between the two is in it, and asked for once more.
    due = is_due(folder)
    summary = summary_of(folder)
    files = _listed(central, run_id, summary.artifacts, summary.artifacts_left_out)
    likenesses = {
        lane.lane_id: lane.likeness for lane in summary.lanes if lane.likeness is not None
    }
    return msgspec.structs.replace(files, likeness=likenesses, comparing=due)


def _listed(
    central: Central, run_id: str, named: tuple[RunArtifact, ...], left_out: int
) -> ArtifactList:
    def why(artifact: RunArtifact) -> str | None:
        return central.why_not_here(run_id, artifact)

    folder = folder_path(central.runs_dir, run_id)
    files = listed(folder, named, central.settings.artifacts, why)
    return ArtifactList(artifacts=files, left_out=left_out)


def _stored(central: Central, run_id: str) -> tuple[RunAnswer, bool]:
    folder = RunFolder.open(central.runs_dir, run_id)
    log = StoredLog(folder.log_path, folder.metadata.epoch)
    size = log.size
    log.close()
    summary = summary_of(folder)
    run = _answer(folder.metadata, summary, size)
    files = _listed(central, run_id, summary.artifacts, summary.artifacts_left_out)
    whole = msgspec.structs.replace(
        run, artifacts=files.artifacts, artifacts_left_out=files.left_out
    )
    return whole, is_due(folder)


def _answer(metadata: RunMetadata, summary: RunSummary, offset: int) -> RunAnswer:
    fields = msgspec.structs.asdict(put_together(metadata, summary))
    return RunAnswer(**fields, offset=offset, title=title(metadata))
