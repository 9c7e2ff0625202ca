"""The page of files: what lies in a data folder, and what each part of a run's folder holds."""

from pathlib import Path

from benchrace.agent.folder import JobFolder, Kept
from benchrace.cli.archive import index_path
from benchrace.cli.service import agent_service, central_service
from benchrace.config import places
from benchrace.run.metadata import LeftOut, RunLane, RunMetadata
from benchrace.run.summary import LaneSummary, RoundSummary, RunSummary
from benchrace.store import artifacts, recovery, run_folder
from docs.generator import structs
from docs.generator.markdown import page, table

HEAD = """\
Everything is a file below the data folder; `benchrace doctor` says where it is, `--data-dir`
names another. The run's `{events}` is the truth. The index, the summaries and the exports are
derived from it and can be deleted: they come back the same. How to read a log by hand: [Read a
run's log](../how-to/read-a-log.md)."""

OLDER_METADATA = """\
Beside these fields stand `prompt`, `model` and `settings`, for readers of older files."""

OLDER_SUMMARY = """\
Beside these fields stands a flat object of medians for each machine, or for each lane where a
machine has several, for readers of older files."""

DATA = Path("DATA")
JOB = JobFolder(DATA / "jobs" / "JOB_ID")
RUN = DATA / "runs" / "RUN_ID"


def render() -> str:
    """Give the page."""
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
        structs.section(Kept, 2, "`job.json`"),
    )


def files() -> dict[str, str]:
    """Give each file's path below the data folder, from the code that writes it."""
    central, agent = central_service(DATA), agent_service(DATA, "MACHINE_ID")
    bad = recovery.BAD
    return {
        _below(RUN / run_folder.METADATA): "what was asked, planned and known; replaced whole",
        _below(RUN / run_folder.EVENTS): "all that happened; only ever appended to",
        _below(RUN / bad): "bytes that had to be cut off the log, kept beside it",
        _below(RUN / run_folder.SUMMARY): "what the rounds mean; derived from the log",
        _below(RUN / run_folder.DERIVED): "the same by newer plugins, where it was asked for",
        _below(RUN / artifacts.FOLDER / "SHA256"): "a file that a round made, fetched and checked",
        _below(JOB.path / "job.json"): "the job as it was ordered",
        _below(
            JOB.path / "worker.json"
        ): "the process that does it, to be sure of it after a crash",
        _below(JOB.path / "acknowledged"): "there once central has all of it",
        _below(JOB.path / "reserve"): "room for a last event on a full disk, while the job runs",
        _below(JOB.work): "the worker's events, written before anyone can see them",
        _below(
            JOB.agent
        ): "the agent's events: samples, and an end that the worker could not write",
        _below(JOB.path / "artifacts/SHA256"): "a file that a round made, as its backend gave it",
        _below(JOB.log): "what the worker wrote on standard error",
        _below(index_path(DATA)): "the index of runs, for lists and searches; derived",
        _below(central.record): "address and process of the central that serves this folder",
        _below(central.lock): "held by it for life",
        _below(agent.record): "the same for an agent",
        _below(agent.lock): "held by it for life",
        _below(central.log): "central's own log, where it was started by another command",
        _below(agent.log): "the same for an agent",
        "central/token.sha256": "the hash of the agents' token; the token itself is not stored",
        "central/operator.sha256": "the hash of the operator's token, where central made it",
        "central/watch.sha256": "the hash of the watchers' token, where central made it",
        "central/sessions.json": "who is logged in: hashes of sessions, and their ends",
        "central/agents.json": "the hashes of tokens of agents that central started",
        "central/artifacts.json": "the runs that lack files which their machines still have",
        "central/machines.json": "the machines that central knows, and which are excluded",
        "commands.lock, starting.lock": "held by commands that share the central of this folder",
        "cache/describe/": "what plugins said of themselves, by version",
    }


def _below(path: Path) -> str:
    return path.relative_to(DATA).as_posix()


assert (places.runs_dir(DATA), places.jobs_dir(DATA)) == (RUN.parent, JOB.path.parent)
