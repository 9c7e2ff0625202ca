"""What a machine lends: rpc-server on one address, watched, started again, and gone at the end."""

import signal
import socket
from contextlib import suppress
from pathlib import Path

import anyio
import psutil
import pytest

from benchrace.plugin import BenchraceError, Lending
from benchrace.testing.limits import HANG_S
from benchrace_llamacpp.lending.hello import hello
from benchrace_llamacpp.lending.rpc_server import Limits, lent
from benchrace_llamacpp.port import free_port, occupant
from benchrace_llamacpp.process import is_running

from .harness import QUICK, Bench, end, gone, listener

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def answering_again(endpoint: str) -> None:
    """Return once another worker answers at an endpoint."""
    with anyio.fail_after(HANG_S):
        while True:
            with suppress(BenchraceError):
                await hello(endpoint, 1.0)
                return
            await anyio.sleep(0.02)


async def test_it_tells_what_it_lends(bench: Bench) -> None:
    async with bench.lending() as offered:
        assert offered.endpoint.startswith("127.0.0.1:")
        assert (offered.protocol, offered.build) == ("7.0.0", "b11434-0c1e570")
        (device,) = offered.devices
        assert device.name == "CPU"
        assert device.total_bytes == device.free_bytes == 24105 << 20
        connections = listener(offered.endpoint).net_connections(kind="tcp")
        words = listener(offered.endpoint).cmdline()
        cores = psutil.cpu_count(logical=False)
        assert cores is None or words[words.index("-t") + 1] == str(cores)
        addresses = [c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN]
        assert addresses == ["127.0.0.1"], "it has no authentication: one address alone"
    port = int(offered.endpoint.rpartition(":")[2])
    assert occupant("127.0.0.1", port) is None


async def test_an_address_of_the_table_replaces_the_links(bench: Bench) -> None:
    config = bench.config(rpc_host="127.0.0.1")
    lending = Lending(run_id="r", lane_id="l", host="192.0.2.1")
    async with lent(config, lending, bench.context(), QUICK) as offered:
        assert offered.endpoint.startswith("127.0.0.1:")


async def test_the_build_is_known_of_a_program_in_the_home(bench: Bench) -> None:
    bench.set("HOME", str(bench.folder))
    async with bench.lending(llama_server="~/llama-server") as offered:
        assert offered.build == "b11434-0c1e570"


async def test_a_killed_worker_is_started_again(bench: Bench) -> None:
    async with bench.lending() as offered:
        before = end(offered.endpoint)
        await gone(before)
        await answering_again(offered.endpoint)
        assert listener(offered.endpoint).pid != before.pid


async def test_a_suspended_worker_is_ended_and_started_again(bench: Bench) -> None:
    async with bench.lending() as offered:
        before = end(offered.endpoint, signal.SIGSTOP)
        await gone(before)
        await answering_again(offered.endpoint)
    assert any("was suspended" in text for context in bench.contexts for _, text in context.logs)


async def test_one_that_keeps_crashing_ends_the_lending(bench: Bench) -> None:
    bench.set("RPC_STARTS", str(bench.folder / "worker-starts"))
    bench.set("RPC_GOOD", "1")
    endpoints: list[str] = []

    async def hold() -> None:
        async with bench.lending() as offered:
            endpoints.append(offered.endpoint)
            end(offered.endpoint)
            await anyio.sleep(HANG_S)

    with pytest.raises(BenchraceError) as raised:
        await hold()
    assert "rpc-server exited with status 1" in raised.value.message
    assert "ggml_backend_init failed" in raised.value.message
    assert occupant("127.0.0.1", int(endpoints[0].rpartition(":")[2])) is None


async def test_restarts_are_capped(bench: Bench) -> None:
    limits = Limits(restarts=1, backoff_s=0.01, poll_s=0.02)

    async def hold() -> None:
        async with bench.lending(limits=limits) as offered:
            await gone(end(offered.endpoint))
            await answering_again(offered.endpoint)
            end(offered.endpoint)
            await anyio.sleep(HANG_S)

    with pytest.raises(BenchraceError, match="restarts before: 1"):
        await hold()


async def test_a_cancelled_lending_leaves_nothing(bench: Bench) -> None:
    endpoints: list[str] = []
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:

            async def hold() -> None:
                async with bench.lending() as offered:
                    endpoints.append(offered.endpoint)
                    await anyio.sleep_forever()

            tasks.start_soon(hold)
            while not endpoints:  # noqa: ASYNC110 - a plain list
                await anyio.sleep(0.01)
            worker = listener(endpoints[0])
            tasks.cancel_scope.cancel()
    assert not is_running(worker)


async def test_a_second_worker_on_its_port_is_named(bench: Bench) -> None:
    port = free_port("127.0.0.1")
    with socket.create_server(("127.0.0.1", port)), pytest.raises(BenchraceError) as raised:
        async with bench.lending(rpc_port=port):
            pass
    assert f"port {port} of 127.0.0.1 is in use by process" in raised.value.message
    assert "rpc_port" in raised.value.remedy


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("192.0.2.1", "cannot listen on 192.0.2.1"),
        ("::1", "IPv4"),
        ("0.0.0.0", "cannot lend on 0.0.0.0: it is not the address of one machine"),
        ("0x0", "cannot lend on 0x0: it is not the address of one machine"),
    ],
)
async def test_an_address_that_cannot_be_had(bench: Bench, host: str, problem: str) -> None:
    lending = Lending(run_id="r", lane_id="l", host=host)
    with pytest.raises(BenchraceError, match=problem):
        async with lent(bench.config(), lending, bench.context()):
            pass


async def test_without_the_program_the_error_says_what_to_install(
    bench: Bench, tmp_path: Path
) -> None:
    with pytest.raises(BenchraceError) as raised:
        async with bench.lending(rpc_server=str(tmp_path / "nothing")):
            pass
    assert "program not found" in raised.value.message
    assert "`rpc_server` in the table `llamacpp`" in raised.value.remedy
