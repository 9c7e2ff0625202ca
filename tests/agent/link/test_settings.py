"""Settings that central sends: applied when idle, kept, and reported with their sources."""

from collections.abc import Iterator

import pytest

from benchrace.protocol import agent_central as m
from benchrace.protocol.machine_settings import SettingsReport
from benchrace.run.states import JobPhase
from tests.agent.conftest import StartAgent
from tests.agent.fake_central import FakeCentral, Link, job

pytestmark = pytest.mark.slow


@pytest.fixture
def central() -> Iterator[FakeCentral]:
    with FakeCentral() as fake:
        yield fake


def until_applied(link: Link, version: int) -> SettingsReport:
    while True:
        message = link.until(m.SettingsReported)
        if message.report.version == version:
            report: SettingsReport = message.report
            return report


def test_settings_are_applied_when_idle_and_kept(
    central: FakeCentral, start_agent: StartAgent
) -> None:
    agent = start_agent(central=central.url, local={"keep_days": 3}).started()
    link = central.link().welcome()
    assert link.hello.takes_settings
    spec = job("phase:running", "obey")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.RUNNING)
    wanted = {"keep_jobs": 7, "keep_days": 9, "after_run": "unload", "colour": "red"}
    link.say(m.ApplySettings(version=4, settings=wanted))
    waiting = link.until(m.SettingsReported).report
    assert (waiting.version, waiting.waiting) == (0, "a job or an operation is running")
    link.say(m.CancelJob(job_id=spec.job_id, reason="enough"))
    report = until_applied(link, 4)
    assert (report.used["keep_jobs"].value, report.used["keep_jobs"].source) == (7, "central")
    assert (report.used["keep_days"].value, report.used["keep_days"].source) == (3, "agent.yaml")
    assert report.used["sampling_s"].source == "default"
    assert report.ignored == {"colour": "this agent does not have this setting"}
    assert report.folders[0].path == str(agent.data)
    # The engine of the run's only lane was to be unloaded, which its backend does not offer.
    agent.stop()
    start_agent(central=central.url).started()
    again = central.link().welcome()
    again.say(m.ApplySettings(version=4, settings=wanted))
    assert until_applied(again, 4).used["keep_jobs"].value == 7
