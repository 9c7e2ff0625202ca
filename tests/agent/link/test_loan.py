"""An agent that runs already works for the central of a command, and for its own one again."""

import pytest

from benchrace.api.agents import LENT, LINKED
from benchrace.protocol import agent_central as m
from benchrace.run.states import JobPhase
from tests.agent.conftest import AgentProcess, StartAgent, wait_for
from tests.agent.fake_central import FakeCentral, job

pytestmark = pytest.mark.slow


def lend(agent: AgentProcess, central: FakeCentral) -> None:
    answer = agent.http.post("/api/v1/loan", json={"central": central.url, "token": "t"})
    assert answer.status_code == 202, answer.text


def state(agent: AgentProcess) -> str:
    return str(agent.get("/api/status")["central"])


def test_an_agent_without_a_central_works_for_a_command(agent: AgentProcess) -> None:
    with FakeCentral() as central:
        lend(agent, central)
        link = central.link().welcome()
        assert (link.hello.token, link.hello.jobs) == ("t", ())
        wait_for(lambda: state(agent) == LENT)
        spec = job("emit:2", "done")
        link.say(m.StartJob(spec=spec))
        link.until_phase(JobPhase.DONE)
        assert link.lines[spec.job_id].types("work") == ["log", "log", "job_done"]
    wait_for(lambda: state(agent) == "no central is configured")
    with FakeCentral() as other:
        lend(agent, other)
        # The second command does not see what the first one has not acknowledged.
        assert other.link().hello.jobs == ()


@pytest.mark.timeout(60)
def test_a_loan_keeps_the_jobs_of_another_central_from_the_command_and_back(
    start_agent: StartAgent,
) -> None:
    with FakeCentral() as own, FakeCentral() as command:
        agent = start_agent(central=own.url).started()
        link = own.link().welcome()
        first = job("emit:1", "done")
        link.say(m.StartJob(spec=first))
        link.until_phase(JobPhase.DONE)
        refused = agent.http.post("/api/v1/loan", json={"central": command.url})
        assert refused.status_code == 409
        assert LINKED in refused.json()["error"]["message"]
        own.close()
        wait_for(lambda: "cannot be reached" in state(agent))
        lend(agent, command)
        lent = command.link().welcome()
        assert lent.hello.jobs == ()
        second = job("emit:1", "done")
        lent.say(m.StartJob(spec=second))
        lent.until_phase(JobPhase.DONE)
        port = own.port
        command.close()
        with FakeCentral(port) as again:
            assert [job.job_id for job in again.link().hello.jobs] == [first.job_id]


@pytest.mark.parametrize("central", ["http://192.0.2.1:80", "http://example.org", "nonsense"])
def test_it_is_lent_to_a_central_of_this_machine_only(agent: AgentProcess, central: str) -> None:
    answer = agent.http.post("/api/v1/loan", json={"central": central})
    assert answer.status_code == 422
    assert [field["path"] for field in answer.json()["error"]["fields"]] == ["central"]
