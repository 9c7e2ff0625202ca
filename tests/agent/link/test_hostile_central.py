"""A central that means harm: ids that are paths, over the link, and over every route."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.errors import BenchraceError, Category
from benchrace.protocol import agent_central as m
from benchrace.run.states import JobPhase
from tests.agent.conftest import AgentProcess, StartAgent
from tests.agent.fake_central import FakeCentral, job
from tests.hostile import NAMES, NOT_IDS

pytestmark = pytest.mark.slow


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder beside the agent's data that somebody setup."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years")
    return folder


def renamed(job_record: JobRecord, job_id: str) -> JobRecord:
    raw = json.loads(m.encode(m.StartJob(spec=job_record.spec)))["spec"] | {"job_id": "x"}
    spec = type(job_record.spec)(
        **{name: getattr(job_record.spec, name) for name in raw} | {"job_id": job_id}
    )
    return JobRecord(spec=spec, t0_ns=0, boot_id="b", accepted_at=1.0, version="0")


@pytest.fixture
def job_record() -> JobRecord:
    return JobRecord(spec=job("done"), t0_ns=0, boot_id="b", accepted_at=1.0, version="0")


def test_folders_of_others_are_neither_deleted_nor_written(
    tmp_path: Path, victim: Path, start_agent: StartAgent
) -> None:
    spec = json.loads(m.encode(m.StartJob(spec=job("done"))))
    places = (str(victim), "../../victim", "../../victim/thesis.txt", "../victim", ".", "..", "")
    with FakeCentral() as central:
        agent = start_agent(central=central.url).started()
        link = central.link().welcome()
        for place in (*places, *NAMES):
            spec["spec"]["job_id"] = place
            link.socket.send(json.dumps(spec))
            link.socket.send(json.dumps({"type": "canceljob", "job_id": place, "reason": ""}))
            ask = {"job_id": place, "sha256": place, "offset": 0}
            link.socket.send(
                json.dumps({"type": "ask", "ask_id": 1, "what": "artifact", "artifact": ask})
            )
        good = job("done")
        link.say(m.StartJob(spec=good))
        link.until_phase(JobPhase.DONE)
    assert not [message for message in link.messages if isinstance(message, m.JobRefused)]
    assert [path.name for path in (agent.data / "jobs").iterdir()] == [good.job_id]
    assert (victim / "thesis.txt").read_text() == "ten years"
    assert [path.name for path in victim.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("name", [*NAMES, *NOT_IDS])
def test_no_other_name_becomes_a_jobs_folder(
    tmp_path: Path, job_record: JobRecord, name: str
) -> None:
    with pytest.raises(BenchraceError) as raised:
        JobFolder.create(tmp_path / "data" / "jobs", renamed(job_record, name))
    assert raised.value.category is Category.VALIDATION
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_stays_as_it_is(tmp_path: Path, job_record: JobRecord) -> None:
    folder = tmp_path / job_record.spec.job_id
    folder.mkdir()
    (folder / "work.ndjson").write_text("measured")
    with pytest.raises(BenchraceError, match="File exists"):
        JobFolder.create(tmp_path, job_record)
    assert (folder / "work.ndjson").read_text() == "measured"


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_no_folder_is_not_followed(
    tmp_path: Path, job_record: JobRecord, victim: Path, kind: str
) -> None:
    path = tmp_path / "jobs" / job_record.spec.job_id
    path.parent.mkdir()
    path.symlink_to(victim) if kind == "link" else path.write_text("")
    with pytest.raises(BenchraceError, match="File exists"):
        JobFolder.create(path.parent, job_record)
    assert [path.name for path in victim.iterdir()] == ["thesis.txt"]


def test_a_folder_that_an_agent_died_in_making_is_taken_over(
    tmp_path: Path, job_record: JobRecord
) -> None:
    folder = tmp_path / job_record.spec.job_id
    folder.mkdir()
    (folder / "reserve").write_bytes(b"x")
    (folder / ".job.json.0123").write_bytes(b"{")
    assert JobFolder.create(tmp_path, job_record).record() == job_record


def test_a_folder_that_cannot_be_filled_is_gone_again(
    tmp_path: Path, job_record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise BenchraceError(Category.DISK_FULL, "full")

    monkeypatch.setattr("benchrace.store.atomic.write", full)
    with pytest.raises(BenchraceError, match="full"):
        JobFolder.create(tmp_path / "jobs", job_record)
    assert list((tmp_path / "jobs").iterdir()) == []


def test_the_folder_of_another_job_is_left_alone(tmp_path: Path, job_record: JobRecord) -> None:
    folder = JobFolder.create(tmp_path, job_record)
    other = tmp_path / "j0000000000000000"
    folder.path.rename(other)
    assert JobFolder(other).record() is None


def test_no_route_takes_a_path_for_a_name(agent: AgentProcess, victim: Path) -> None:
    agent.until(agent.act("done"), "done")
    before = sorted(str(path) for path in agent.data.rglob("*"))
    paths: dict[str, Any] = agent.get("/openapi.json")["paths"]
    tried = 0
    for path, methods in paths.items():
        for method in methods if "{" in path else ():
            for name in (str(victim), "../../victim", *NAMES):
                if len(name) > 1000 or not name:
                    continue
                raw = quote(name, safe="").replace(".", "%2E")
                parts = [raw if part.startswith("{") else part for part in path.split("/")]
                # What is refused unread ends its connection, and the next one would be lost.
                about: Any = {"json": {}, "headers": {"Connection": "close"}}
                answer = agent.http.request(method.upper(), "/".join(parts), **about)
                # 308: slashes beside each other are one, and the path is another one.
                refused = 400 <= answer.status_code < 500 or answer.status_code == 308
                assert refused, (method, path, name, answer.text)
                tried += 1
    assert tried > 200
    assert sorted(str(path) for path in agent.data.rglob("*")) == before
    assert (victim / "thesis.txt").read_text() == "ten years"
