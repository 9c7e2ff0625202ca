"""A scripted agent that takes central's settings, and reports its wall clock."""

from typing import Any

from websockets.asyncio.client import ClientConnection

from benchrace.config.machine_settings import Source
from benchrace.protocol import agent_central as m
from benchrace.protocol.machine_settings import SettingsReport, SettingUsed
from tests.central.scripted import FakeAgent


class SettableAgent(FakeAgent):
    """`settings` are the messages that it was sent; `wall_s` is its wall clock, which stands."""

    def __init__(self, machine_id: str, **changes: Any) -> None:
        self.settings: list[m.ApplySettings] = []
        self.wall_s: float | None = None
        super().__init__(machine_id, **{"takes_settings": True} | changes)

    async def _take(self, socket: ClientConnection, message: m.FromCentral) -> None:
        if isinstance(message, m.Ping):
            now_ns, wall_s = self.now_ns(), self.wall_s
            pong = m.Pong(
                ping_id=message.ping_id, received_ns=now_ns, sent_ns=now_ns, wall_s=wall_s
            )
            await socket.send(m.encode(pong))
            return
        if not isinstance(message, m.ApplySettings):
            await super()._take(socket, message)
            return
        self.settings.append(message)
        used = {
            name: SettingUsed(value=value, source=Source.CENTRAL)
            for name, value in message.settings.items()
        }
        report = SettingsReport(version=message.version, used=used)
        await socket.send(m.encode(m.SettingsReported(report=report)))
