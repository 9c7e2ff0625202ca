"""What was written to logs is counted over all runs, also those that are over."""

from pathlib import Path

from tests.central.scripted import FakeAgent
from tests.central.served import served


async def test_events_are_counted_beyond_the_end_of_their_run(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        await site.link(FakeAgent())
        run_id = await site.submit()
        await site.over(run_id)
        text = (await site.http.get("/metrics")).text
        figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        log = (await site.http.get(f"/api/runs/{run_id}/events")).content.splitlines(keepends=True)
        agents = [line for line in log if b'"stream":"central"' not in line]
        assert float(figures["benchrace_events_total"]) == len(agents)
        assert float(figures["benchrace_log_bytes_total"]) == sum(map(len, agents))
        assert float(figures['benchrace_link_silence_seconds{machine_id="local"}']) >= 0
        assert float(figures['benchrace_runs_stored{state="done"}']) == 1
