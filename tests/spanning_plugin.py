"""An installable plugin whose lanes may span machines: each peer does a part of every round.

What a machine lends listens in its worker, and answers a line for each round. `TEAM_HOME` is the
machine's folder: `build` has its version, `refuse` the reason why it cannot lend, `slow` makes a
start wait until it is deleted, `stop` ends what is lent for good, and `hold` makes rounds wait
in the middle, which `held` shows.
`stay` makes the end of a lend wait until it is deleted.
`peers` gets the endpoints that the last round used, `left` exists once a lend has been left.
"""

from pathlib import Path

from tests.engine_plugin import write_plugin

SOURCE = """
import os, pathlib
from contextlib import asynccontextmanager, suppress
import anyio
from benchrace.plugin import *

HOME = pathlib.Path(os.environ["TEAM_HOME"])

class Team(Backend):
    name, title = "team", "Team"
    workloads = (Workload(kind=COMPUTE, spans=True),)

    async def probe(self, context):
        return Probe(reachable=True, version=(HOME / "build").read_text())

    async def preflight(self, lane, context):
        return Readiness()

    async def open(self, lane, context):
        for peer in lane.peers:
            await self.ask(peer)

    async def round(self, lane, context):
        for peer in lane.peers:
            await self.ask(peer)
        while (HOME / "hold").exists():
            (HOME / "held").touch()
            await anyio.sleep(0.01)
        for peer in lane.peers:
            await self.ask(peer)
        (HOME / "peers").write_text(" ".join(
            f"{peer.machine_id}={peer.label}={peer.endpoint}={peer.build}" for peer in lane.peers
        ))
        return ComputeRecord(
            algorithm="a", n=lane.params.n, threads_requested=1, threads_used=1, primes_found=0,
            primes_expected=None, elapsed_ns=10**6, blocks=1, cpu_tier="x",
        )

    async def ask(self, peer):
        host, _, port = peer.endpoint.rpartition(":")
        try:
            async with await anyio.connect_tcp(host, int(port)) as stream:
                await stream.send(b"work\\n")
                if await stream.receive() != b"done\\n":
                    raise BenchraceError(Category.BAD_OUTPUT, "an unexpected answer")
        except (OSError, anyio.EndOfStream, anyio.BrokenResourceError) as error:
            raise BenchraceError(
                Category.UNREACHABLE, f"{peer.endpoint} does not answer", "Look at it."
            ) from error

    @asynccontextmanager
    async def lend(self, lending, context):
        if (HOME / "refuse").exists():
            raise BenchraceError(Category.SYSTEM, (HOME / "refuse").read_text(), "Repair it.")
        context.log(f"for {lending.lane_id}")
        while (HOME / "slow").exists():
            await anyio.sleep(0.01)
        listener = await anyio.create_tcp_listener(local_host=lending.host)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)

        async def answer(stream):
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                async with stream:
                    await stream.receive()
                    await stream.send(b"done\\n")

        async def watch():
            while not (HOME / "stop").exists():
                await anyio.sleep(0.01)
            raise BenchraceError(Category.WORKER_DIED, "the engine is gone")

        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, answer)
            tasks.start_soon(watch)
            yield Lent(
                endpoint=f"{lending.host}:{port}", build=(HOME / "build").read_text(),
                devices=(LentDevice(name="CPU", total_bytes=8, free_bytes=4),),
            )
            tasks.cancel_scope.cancel()
        while (HOME / "stay").exists():
            await anyio.sleep(0.01)
        (HOME / "left").touch()

@hookimpl
def benchrace_backends():
    return [Team]
"""


class TeamHome:
    """The folder of one machine's engine, and the folder for the path of its agent."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "team"
        self.site = folder / "team-site"
        self.home.mkdir(parents=True)
        self.write("build", "b1")
        write_plugin(self.site, "fake_team", SOURCE)

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.site), "TEAM_HOME": str(self.home)}

    def write(self, name: str, text: str = "") -> None:
        (self.home / name).write_text(text)

    def has(self, name: str) -> bool:
        return (self.home / name).exists()

    def read(self, name: str) -> str:
        return (self.home / name).read_text()

    def remove(self, name: str) -> None:
        (self.home / name).unlink()

    def clear(self) -> None:
        """Make the machine as it was."""
        for path in self.home.iterdir():
            path.unlink()
        self.write("build", "b1")
