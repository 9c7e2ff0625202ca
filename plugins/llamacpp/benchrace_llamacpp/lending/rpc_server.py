"""rpc-server of this machine while it is lent: started, watched, started again, and stopped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec

from benchrace.plugin import BenchraceError, Category, Context, Lending, Lent, LentDevice
from benchrace_llamacpp.commands import build_of
from benchrace_llamacpp.config import LlamaCppConfig, rpc_program, server_program
from benchrace_llamacpp.coordinator.load_log import last_lines
from benchrace_llamacpp.errors import ending, system
from benchrace_llamacpp.lending.banner import read_banner
from benchrace_llamacpp.lending.hello import Hello, hello
from benchrace_llamacpp.port import addresses_of, free_port, until_free
from benchrace_llamacpp.process import GuardedProcess, log_path
from benchrace_llamacpp.table_checks import is_shared

_START_S = 30.0
_POLL_S = 0.1
_REMEDY = "Set `rpc_host` in the table `llamacpp` of agent.yaml to an IPv4 address of this machine."


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a worker is started again: after `suspended_s` without running, or once it has ended.

    Before that it waits `backoff_s`, twice as long each time; after `restarts` it has ended for
    good.
    """

    restarts: int = 3
    backoff_s: float = 0.5
    suspended_s: float = 3.0
    poll_s: float = 0.5


class RpcServer:
    """rpc-server on one address; only one connection at a time can use it."""

    def __init__(
        self, program: str, config: LlamaCppConfig, host: str, port: int, limits: Limits
    ) -> None:
        self._words = (program, "-H", host, "-p", str(port), *config.rpc_arguments)
        if config.worker_cache:
            self._words += ("-c",)
        self._host, self._port, self._limits = host, port, limits
        self._process: GuardedProcess | None = None
        self.endpoint = f"{host}:{port}"

    async def start(self, context: Context) -> Hello:
        """Start it and return what it answers; raises with the end of its log."""
        await self._free(context)
        log = log_path(f"llamacpp-rpc-{self._port}")

        def spawn() -> GuardedProcess:
            self._process = GuardedProcess(self._words, log)
            return self._process

        # A cancel in the middle would leave a process that nobody knows.
        with anyio.CancelScope(shield=True):
            process = await context.run_blocking(spawn)
        error: BenchraceError | None = None
        began = context.clock.monotonic_ns()
        while (context.clock.monotonic_ns() - began) / 1e9 < _START_S:
            if (status := process.status()) is not None:
                # It reports success even if it could not listen.
                raise await self._failed(f"rpc-server {ending(status)} while it started", context)
            try:
                return await hello(self.endpoint)
            except BenchraceError as raised:
                error = raised
            await anyio.sleep(_POLL_S)
        reason = "" if error is None else f": {error.message}"
        raise await self._failed(f"rpc-server did not answer in {_START_S:g} s{reason}", context)

    async def supervise(self, context: Context) -> None:
        """Start it again when it ends or is suspended; raises once that was too often."""
        restarts = 0
        while True:
            how: str | None = await self._ended(context)
            while how is not None:
                restarts += 1
                if restarts > self._limits.restarts:
                    text = f"{how}; restarts before: {self._limits.restarts}"
                    raise await self._failed(text, context)
                context.log(f"{how}; it is started again", "warning")
                await self.stop(context)
                await anyio.sleep(self._limits.backoff_s * 2 ** (restarts - 1))
                how = await self._restarted(context)

    async def _restarted(self, context: Context) -> str | None:
        """Start it again; return why that failed, None if it answers."""
        try:
            await self.start(context)
        except BenchraceError as error:
            return error.message
        return None

    async def _ended(self, context: Context) -> str:
        """Return how it ended, once it has, or was suspended for too long."""
        suspended_ns: int | None = None
        while True:
            await anyio.sleep(self._limits.poll_s)
            process, now = self._process, context.clock.monotonic_ns()
            status = None if process is None else process.status()
            if status is not None:
                return f"rpc-server {ending(status)}"
            if process is None or not await context.run_blocking(process.suspended):
                suspended_ns = None
                continue
            suspended_ns = now if suspended_ns is None else suspended_ns
            if (now - suspended_ns) / 1e9 >= self._limits.suspended_s:
                return "rpc-server was suspended, and so was ended"

    async def stop(self, context: Context) -> None:
        """End it and all that it started."""
        process, self._process = self._process, None
        if process is not None:
            # It holds no state, and a suspended one hears nothing else.
            await context.run_blocking(process.kill)

    async def text(self, context: Context) -> str:
        """Return its log."""
        process = self._process
        return "" if process is None else await context.run_blocking(process.text)

    async def _free(self, context: Context) -> None:
        try:
            await until_free(self._host, self._port, "rpc_port", context)
        except OSError as error:
            raise _no_address(self._host, error) from error

    async def _failed(self, message: str, context: Context) -> BenchraceError:
        process = self._process
        tail = "" if process is None else await context.run_blocking(process.tail)
        await self.stop(context)
        text = f"{message}; its log ends with: {last_lines(tail)}" if tail else message
        return system(text, "Read rpc-server's log on this machine.", tail or None)


@asynccontextmanager
async def lent(
    config: LlamaCppConfig, lending: Lending, context: Context, limits: Limits | None = None
) -> AsyncIterator[Lent]:
    """Lend this machine's devices: yields once rpc-server answers, and ends with it gone."""
    program = await context.run_blocking(lambda: rpc_program(config))
    host = config.rpc_host or lending.host
    if ":" in host:
        text = f"cannot lend on {host}: rpc-server takes IPv4 addresses and names"
        raise BenchraceError(Category.VALIDATION, text, _REMEDY)
    addresses = await context.run_blocking(lambda: addresses_of(host))
    if any(map(is_shared, addresses)):
        text = f"cannot lend on {host}: it is not the address of one machine"
        raise BenchraceError(Category.VALIDATION, text, _REMEDY)
    try:
        port = config.rpc_port or await context.run_blocking(lambda: free_port(host))
    except OSError as error:
        raise _no_address(host, error) from error
    server = RpcServer(program, config, host, port, limits or Limits())
    try:
        greeting = await server.start(context)
        offered = _offer(server, greeting, await server.text(context), await _build(config))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.supervise, context)
            yield offered
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise _single(group) from group
    finally:
        with anyio.CancelScope(shield=True):
            await server.stop(context)


def _no_address(host: str, error: OSError) -> BenchraceError:
    text = f"cannot listen on {host}: {error.strerror or error}"
    return system(text, _REMEDY)


def _offer(server: RpcServer, greeting: Hello, text: str, build: str | None) -> Lent:
    banner = read_banner(text)
    names = [device.name for device in banner.devices]
    measured = tuple(
        LentDevice(
            name=names[index] if index < len(names) else f"device {index}",
            total_bytes=memory.total,
            free_bytes=memory.free,
        )
        for index, memory in enumerate(greeting.memory)
    )
    return Lent(
        endpoint=server.endpoint,
        build=build,
        protocol=greeting.protocol,
        devices=measured or banner.devices,
    )


async def _build(config: LlamaCppConfig) -> str | None:
    """Return the build of llama-server beside it: rpc-server prints none."""
    try:
        return await build_of(server_program(config))
    except BenchraceError:
        return None


def _single(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the failure of the supervision, instead of a group of one."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            return _single(error)
        if isinstance(error, BenchraceError):
            return error
    return group
