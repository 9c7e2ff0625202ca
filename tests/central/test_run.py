"""A run from submit to its end, over a real link."""

from typing import TYPE_CHECKING

from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState

if TYPE_CHECKING:
    from tests.central.conftest import Host


async def test_a_run_goes_from_submit_to_done(host: "Host", make_agent) -> None:
    agent = make_agent("local")
    await host.link(agent)
    run_id = await host.central.submit(RunSpec(kind="work", params={"n": 10}, rounds=3))
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert over.phases == ["run_start", "heat_start", "run_end"]
    assert over.of(agent.job) == agent.job.lines["work"]
