"""An update brings the new version up, or the earlier one back."""

import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from benchrace.cli.agent.update.earlier import EARLIER, LIST, PENDING, EarlierVersion
from benchrace.cli.agent.update.updating import Update, Updated
from benchrace.cli.service.service import agent_service
from benchrace.errors import BenchraceError, Category
from benchrace.store.journal import Journal
from tests.cli.agent.update.environment import Environment, Process, lay_out, serving

OLD = {"benchrace": "0.1.0", "benchrace-core": "0.1.0"}
NEW = OLD | {"benchrace": "0.2.0"}


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "site")


@pytest.fixture
def process(environment: Environment) -> Iterator[Process]:
    with serving(environment) as started:
        yield started


def update(
    tmp_path: Path, environment: Environment, process: Process, steps: list[str] | None = None
) -> Updated:
    def source(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
        assert folder.is_dir()
        assert set(names) == set(OLD)
        return ("--no-index", "new.whl")

    def say(step: str, words: str) -> None:
        if steps is not None:
            steps.append(f"{step}: {words}")

    return Update(
        service=agent_service(tmp_path / "data", "m"),
        process=process,
        installer=environment,
        store=tmp_path / "updates",
        say=say,
        installed=environment.installed,
    ).run(source)


def test_a_new_version_that_answers_stays(
    tmp_path: Path, environment: Environment, process: Process
) -> None:
    steps: list[str] = []
    done = update(tmp_path, environment, process, steps)
    assert (done.before, done.after, done.pid) == (OLD, NEW, 7)
    assert environment.versions == NEW
    assert process.done == ["stop", "start"]
    assert [step.partition(":")[0] for step in steps] == [
        "new version",
        "packed",
        "installed",
        "ready",
        "kept",
    ]
    assert "benchrace 0.1.0 -> 0.2.0" in steps[2]
    earlier = tmp_path / "updates" / EARLIER
    assert done.earlier == str(earlier)
    assert not (tmp_path / "updates" / PENDING).exists()
    assert sorted(path.name for path in earlier.iterdir()) == [
        "benchrace-0.1.0-py3-none-any.whl",
        "benchrace_core-0.1.0-py3-none-any.whl",
        LIST,
    ]
    assert (earlier / LIST).read_text() == "benchrace==0.1.0\nbenchrace-core==0.1.0\n"
    # The next one keeps what it replaces.
    environment.new = {"benchrace": "0.3.0"}
    assert update(tmp_path, environment, process).after["benchrace"] == "0.3.0"
    assert "benchrace==0.2.0" in (earlier / LIST).read_text()
    # One that changes nothing leaves the way back as it is.
    assert update(tmp_path, environment, process, steps).earlier is None
    assert "benchrace==0.2.0" in (earlier / LIST).read_text()
    assert steps[-1].startswith("unchanged: ")


@pytest.mark.parametrize("fault", ["install", "start", "version", "requirement"])
def test_a_new_version_that_does_not_come_up_is_taken_back(
    tmp_path: Path, environment: Environment, process: Process, fault: str
) -> None:
    environment.new |= {"benchrace-added": "0.2.0"}
    words = {
        "install": "the installer broke",
        "start": "agent exited with code 1",
        "version": "is version 0.0.9, not 0.2.0",
        "requirement": "benchrace-core needs benchrace<0.2",
    }[fault]
    if fault == "install":
        environment.breaks = fault
    elif fault == "start":
        process.failures = [words]
    elif fault == "version":
        process.version = "0.0.9"
    else:
        environment.unmet_after = frozenset({words})
    with pytest.raises(
        BenchraceError, match=r"the update failed, and benchrace 0\.1\.0 is back"
    ) as e:
        update(tmp_path, environment, process)
    assert words in e.value.message
    assert environment.versions == OLD
    module = (tmp_path / "site" / "benchrace" / "__init__.py").read_text()
    assert module == '__version__ = "0.1.0"\n'
    assert process.done[-2:] == ["stop", "start"]
    assert list((tmp_path / "updates").iterdir()) == [tmp_path / "updates" / "update.lock"]


def test_where_going_back_fails_the_agent_is_started_and_each_reason_given(
    tmp_path: Path, environment: Environment, process: Process
) -> None:
    environment.breaks = "put_back"
    process.failures = ["agent exited with code 1"]
    with pytest.raises(BenchraceError, match="Going back failed as well") as e:
        update(tmp_path, environment, process)
    assert process.done == ["stop", "stop", "start"]
    for reason in ("the installer broke", "broke again", "exited with code 1"):
        assert reason in e.value.message
    pending = tmp_path / "updates" / PENDING
    assert str(pending) in e.value.remedy
    assert (pending / "benchrace-0.1.0-py3-none-any.whl").exists()


def test_an_agent_that_does_not_stop_keeps_its_version(
    tmp_path: Path, environment: Environment, process: Process
) -> None:
    process.stays = True
    environment.breaks = "put_back"
    with pytest.raises(BenchraceError, match=r"benchrace 0\.1\.0 is back: agent did not stop"):
        update(tmp_path, environment, process)
    assert process.done == ["stop", "start"]


def test_an_update_that_is_ended_is_taken_back(
    tmp_path: Path, environment: Environment, process: Process
) -> None:
    environment.breaks = "signal"
    before = signal.getsignal(signal.SIGTERM)
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        update(tmp_path, environment, process, steps)
    assert steps[-1] == "back: benchrace 0.1.0: the update was ended (SIGTERM)"
    assert environment.versions == OLD
    assert process.done == ["stop", "stop", "start"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_update_after_one_that_was_killed_goes_back_to_what_that_had_kept(
    tmp_path: Path, environment: Environment, process: Process
) -> None:
    store = tmp_path / "updates"
    (store / "packing-x").mkdir(parents=True)
    EarlierVersion(store).keep(environment.installed())
    assert [path.name for path in store.iterdir()] == [PENDING]
    # What the killed one has installed, and not all of it.
    lay_out(environment.site, "benchrace", "0.1.9")
    (environment.site / "benchrace" / "__init__.py").unlink()
    process.stays = True
    with pytest.raises(BenchraceError, match="the update failed: agent did not stop"):
        update(tmp_path, environment, process)
    process.stays, environment.breaks = False, "install"
    with pytest.raises(BenchraceError, match=r"benchrace 0\.1\.0 is back"):
        update(tmp_path, environment, process)
    assert not (store / PENDING).exists()
    assert environment.versions == OLD
    assert (environment.site / "benchrace" / "__init__.py").exists()


def test_while_a_job_runs_nothing_is_changed(
    tmp_path: Path, environment: Environment, process: Process
) -> None:
    service = agent_service(tmp_path / "data", "m")
    service.lock.parent.mkdir(parents=True)
    service.record.write_bytes(msgspec.json.encode(process.record))
    process.busy = True
    with Journal(service.lock), pytest.raises(BenchraceError, match="is measuring") as e:
        update(tmp_path, environment, process)
    assert e.value.category is Category.BUSY
    assert (process.done, environment.versions) == ([], OLD)
    # The next update keeps what is installed by then.
    assert not (tmp_path / "updates" / PENDING).exists()


@pytest.mark.parametrize(("lock", "what"), [("agents/n", "the agent n"), ("central", "central")])
def test_beside_another_service_nothing_is_changed(
    tmp_path: Path, environment: Environment, process: Process, lock: str, what: str
) -> None:
    (tmp_path / "data" / "agents").mkdir(parents=True)
    own = agent_service(tmp_path / "data", "m").lock
    other = tmp_path / "data" / f"{lock}.lock"
    with Journal(own), Journal(other), pytest.raises(BenchraceError, match=what) as e:
        update(tmp_path, environment, process)
    assert e.value.category is Category.BUSY
    assert (process.done, environment.versions) == ([], OLD)


def test_what_is_installed_from_a_folder_is_left_alone(
    tmp_path: Path, environment: Environment, process: Process
) -> None:
    info = tmp_path / "site" / "benchrace-0.1.0.dist-info"
    (info / "direct_url.json").write_text('{"url": "file:///src", "dir_info": {"editable": true}}')
    with pytest.raises(BenchraceError, match="installed from a folder of sources"):
        update(tmp_path, environment, process)
    assert process.done == []
