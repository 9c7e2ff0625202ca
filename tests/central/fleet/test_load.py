"""The load of machines: the latest sample of each, while it is linked."""

from pathlib import Path

from websockets.asyncio.client import ClientConnection

from benchrace.events.payloads import GpuSample, RuntimeSamplePayload
from benchrace.protocol import agent_central as m
from tests.central.scripted import FakeAgent
from tests.central.served import served

SAMPLE = RuntimeSamplePayload(
    cpu_percent=12.5,
    memory_used_bytes=2,
    memory_total_bytes=8,
    gpus=(GpuSample(index=0, utilization_percent=40.0, temperature_c=51.0),),
)


class Sampled(FakeAgent):
    """A scripted agent that has one sample of its machine."""

    async def _take(self, socket: ClientConnection, message: m.FromCentral) -> None:
        if not isinstance(message, m.Ping):
            await super()._take(socket, message)
            return
        now_ns = self.now_ns()
        pong = m.Pong(ping_id=message.ping_id, received_ns=now_ns, sent_ns=now_ns, sample=SAMPLE)
        await socket.send(m.encode(pong))


async def test_the_latest_sample_is_listed_until_the_link_closes(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        agent = Sampled("sampled")
        await site.link(agent, FakeAgent("older"))

        async def listed() -> int:
            return len((await site.get("/api/machines/load"))["machines"])

        await site.until(listed, (1,))
        (load,) = (await site.get("/api/machines/load"))["machines"]
        assert (load["machine_id"], load["cpu_percent"]) == ("sampled", 12.5)
        assert (load["memory_used_bytes"], load["memory_total_bytes"]) == (2, 8)
        assert load["cpu_temperature_c"] is None
        assert load["gpus"] == [
            {
                "index": 0,
                "utilization_percent": 40.0,
                "memory_used_bytes": None,
                "memory_total_bytes": None,
                "temperature_c": 51.0,
                "power_w": None,
            }
        ]
        agent.away = True
        await agent.cut()
        await site.until(listed, (0,))
