"""The page of files: what lies in a data folder, and what each part of a run's folder holds."""

from pathlib import Path

import msgspec

from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.cli.runs.archive_folder import index_path
from benchrace.cli.service.service import agent_service, central_service
from benchrace.config import paths
from benchrace.export import rows
from benchrace.run.lane import RunLane
from benchrace.run.metadata import LeftOut, RunMetadata
from benchrace.run.summary import LaneSummary, RoundSummary, RunSummary
from benchrace.store import artifacts, likeness, recovery, run_folder, service_log, thumbnails
from docs.generator import structs
from docs.generator.markdown import page, table

HEAD = """\
Everything is a file in the data folder; `benchrace doctor` shows where it is, and `--data-dir`
sets another one. The run's `{events}` is the source of everything else. The index, the
summaries and the exports are derived from it and can be deleted: they come back the same. How to
read a log by hand: [Read a run's log](../how-to/read-a-log.md).

Files have mode 0600 and folders 0700: only their owner can read prompts, answers and logs. When it
starts, an agent or a central tightens the permissions of files from older versions that it owns.
Exports, and a folder that existed before, keep the permissions that you gave."""

OLDER_METADATA = """\
The file also has `prompt`, `model` and `settings`, for programs that read older files."""

OLDER_SUMMARY = """\
The file also has a flat object of medians for each machine, or for each lane where a machine has
several, for programs that read older files."""

COLUMNS_OF_ROUNDS = """\
`benchrace runs export --format csv` and `--format parquet` write a row for each round and metric,
in these columns.

`elapsed_ns` is the whole round as the worker timed it: an integer in nanoseconds, as all durations
in the log. A metric is in the unit that its kind declares, which `unit` names. So `elapsed_ms` in
the column `metric` is another time: for `compute`, that of the kernel alone, in milliseconds."""

DATA = Path("DATA")
JOB = JobFolder(DATA / "jobs" / "JOB_ID")
RUN = DATA / "runs" / "RUN_ID"


def render() -> str:
    """Render the page."""
    return page(
        "Files",
        HEAD.format(events=run_folder.EVENTS),
        table(("file", "what it is"), ((f"`{path}`", words) for path, words in files().items())),
        structs.section(RunMetadata, 2, f"`{run_folder.METADATA}`"),
        OLDER_METADATA,
        structs.section(RunLane),
        structs.section(LeftOut),
        f"## `{run_folder.EVENTS}`",
        "One event a line: see [Events](events.md).",
        structs.section(RunSummary, 2, f"`{run_folder.SUMMARY}`"),
        OLDER_SUMMARY,
        structs.section(LaneSummary),
        structs.section(RoundSummary),
        structs.section(JobRecord, 2, "`job.json`"),
        "## Exported rounds",
        COLUMNS_OF_ROUNDS,
        table(
            ("column", "type"),
            (
                (f"`{name}`", structs.spell(msgspec.inspect.type_info(kind)))
                for name, kind in rows.COLUMNS.items()
            ),
        ),
    )


def files() -> dict[str, str]:
    """Return each file's path below the data folder, from the code that writes it."""
    central, agent = central_service(DATA), agent_service(DATA, "MACHINE_ID")
    bad = recovery.BAD
    return {
        _below(RUN / run_folder.METADATA): "specification, plan and state; replaced as a whole",
        _below(RUN / run_folder.EVENTS): "every event; only ever appended to",
        _below(RUN / bad): "bytes that had to be cut off the log, kept beside it",
        _below(RUN / run_folder.SUMMARY): "the statistics; derived from the log",
        _below(RUN / run_folder.DERIVED): "the same, recomputed by `benchrace runs derive`",
        _below(RUN / likeness.NAME): "how alike the images of its lanes are; derived from them",
        _below(
            RUN / artifacts.FOLDER / "SHA256"
        ): "an artifact, copied from its machine and checked",
        _below(
            RUN / thumbnails.FOLDER / "SHA256"
        ): "a small copy of an image, empty where the image itself is small; derived",
        _below(JOB.path / "job.json"): "the job as central sent it, and who asked for it",
        _below(
            JOB.path / run_folder.METADATA
        ): "the metadata of the run that a job without a central is",
        _below(JOB.archive): "the job's archive, with `manifest.json`; built from the rest",
        _below(
            JOB.path / "worker.json"
        ): "the process that runs the job, to identify it after a crash",
        _below(JOB.path / "acknowledged"): "exists once central has the whole job",
        _below(JOB.path / "reserve"): "room for a last event on a full disk, while the job runs",
        _below(JOB.work): "the worker's events, written before anyone can see them",
        _below(
            JOB.agent
        ): "the agent's events: samples, and an end that the worker could not write",
        _below(JOB.path / "artifacts/SHA256"): "an artifact, as its backend stored it",
        _below(JOB.log): "what the worker wrote on standard error",
        _below(index_path(DATA)): "the index of runs, for lists and searches; derived",
        _below(central.record): "address and process of the central that serves this folder",
        _below(central.lock): "held by it for life",
        _below(agent.record): "the same for an agent",
        _below(agent.lock): "held by it for life",
        _below(central.log): "central's own log, where it was started by another command",
        _below(agent.log): "the same for an agent",
        f"{_below(agent.log)}.1": "the previous log, rotated at "
        f"{service_log.MAX_BYTES >> 20} MiB; `.{service_log.MAX_OLDER}` is the oldest",
        "callbacks/MACHINE_ID.sqlite": "callbacks of an agent's jobs, until they have arrived",
        "central/token.sha256": "the hash of the agent token; the token itself is not stored",
        "central/operator.sha256": "the hash of the operator token, if central generated it",
        "central/watch.sha256": "the hash of the watcher token, if central generated it",
        "central/sessions.json": "who is logged in: hashes of sessions, and when they expire",
        "central/tokens.json": "the hashes of tokens with a name, and when tokens were last used",
        "central/artifacts.json": "the runs whose artifacts are still on their machines",
        "central/machines.json": "the machines that central knows, and which are excluded",
        "commands.lock, starting.lock": "held by commands that share the central of this folder",
        "assets/blobs/SHA256": "a file for engines that this machine fetched, whole and checked; "
        "below `models_dir` where that is set",
        "assets/records/SHA256.json": "its name, source and use, and where it was put for engines",
        "assets/partial/": "files that are still coming, and of which version they are",
        "assets/learned/": "the SHA-256 that each address had when it was first fetched",
        "assets/locks/": "held while a file is fetched or put in place",
        "central/assets/": "files for engines that were uploaded to central; not in backups",
        "cache/describe/": "the descriptions of plugins, by version",
    }


def _below(path: Path) -> str:
    return path.relative_to(DATA).as_posix()


assert (paths.runs_dir(DATA), paths.jobs_dir(DATA)) == (RUN.parent, JOB.path.parent)
