"""Where a model is, whether its workers had it already, and the bytes between the machines."""

import socket
import sys
from types import SimpleNamespace

import psutil
import pytest

from benchrace.kinds.llm import LLM, ratio
from benchrace.plugin import NetworkBytes, Peer
from benchrace_llamacpp import network
from benchrace_llamacpp.coordinator.load_log import MIB, Buffers, Placement
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.coordinator.server import Started
from benchrace_llamacpp.facts import (
    load_report,
    only_coordinates,
    why_not_distributed,
    worker_cache,
)
from benchrace_llamacpp.models.model_file import ModelFile
from benchrace_llamacpp.network import Traffic, _interface

HERE = "10.0.0.1"
A, B = "10.0.0.2:50052", "10.0.0.3:50052"


def plan() -> ServerPlan:
    peers = tuple(
        Peer(machine_id=label, label=label, endpoint=endpoint)
        for label, endpoint in (("mac2", A), ("mac3", B))
    )
    return ServerPlan(
        program="llama-server",
        model=ModelFile(name="m", path="/m.gguf"),
        size=1,
        changed_ns=1,
        port=18080,
        peers=peers,
        context=4096,
        slots=1,
        gpu_layers=99,
    )


def started(sent: int | None, *held: float) -> Started:
    workers = {endpoint: Buffers(model=mib) for endpoint, mib in zip((A, B), held, strict=False)}
    placed = Placement(workers=workers, layers=(9, 9))
    return Started(load_ns=1, placement=placed, split="", sent=sent)


@pytest.mark.parametrize(
    ("sent", "label"), [(410 * MIB, "cold"), (20 * MIB, "warm"), (None, "unknown")]
)
def test_weights_that_were_not_sent_were_there(sent: int | None, label: str) -> None:
    assert worker_cache(plan(), started(sent, 239.0, 145.0)) == label


def test_a_lane_is_distributed_if_every_worker_holds_weights() -> None:
    assert why_not_distributed(plan(), started(None, 239.0, 145.0)) is None
    reason = why_not_distributed(plan(), started(None, 239.0))
    assert reason is not None
    assert "the model is not on mac3" in reason
    assert "9 of 9 layers" in reason


def test_a_load_says_how_the_layers_were_dealt_out() -> None:
    report = load_report(plan(), started(MIB, 300.0, 100.0))
    assert "its layers on workers: mac2 75 %, mac3 25 %; 1 MiB went over the network" in report
    assert "layers" not in load_report(plan(), started(MIB))


@pytest.mark.parametrize(
    ("own", "on_worker", "alone"),
    [
        # The embeddings of the input stay where the tokens come in, and are no layer.
        (Buffers(model=2.0), Buffers(model=239.0, kv=40.0), True),
        (Buffers(model=80.0, kv=8.0), Buffers(model=239.0, kv=40.0), False),
        (Buffers(model=2.0), Buffers(model=239.0), False),
        # The log names no device of the coordinator.
        (None, Buffers(model=239.0, kv=40.0), False),
    ],
)
def test_a_coordinator_without_layers_is_known_by_the_contexts(
    own: Buffers | None, on_worker: Buffers, alone: bool
) -> None:
    placed = Placement(workers={A: on_worker}, devices={} if own is None else {"CPU": own})
    begun = Started(load_ns=1, placement=placed, split="", sent=MIB)
    assert only_coordinates(plan(), begun) is alone
    assert ("the coordinator holds none" in load_report(plan(), begun)) is alone


def test_bytes_on_the_interface_to_a_worker_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        traffic = Traffic.begin((f"127.0.0.1:{port}",))
        with socket.create_connection(("127.0.0.1", port)) as link:
            accepted, _ = server.accept()
            with accepted:
                link.sendall(bytes(100_000))
                left = 100_000
                while left:
                    left -= len(accepted.recv(left))
    sent, unknown = traffic.total()
    assert (sent is None) == (unknown is not None)
    if sent is not None:
        assert sent >= 100_000


def test_where_bytes_are_not_counted_there_is_a_reason() -> None:
    assert Traffic.begin(()).total() == (None, "the lane is on one machine")
    missing = Traffic({"none0": 1})
    assert missing.total() == (None, "the system does not count the bytes of none0")
    assert Traffic({"lo": 1 << 62}).total()[0] is None


def test_what_goes_to_an_own_address_goes_over_the_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def addresses(*names: str) -> dict[str, list[SimpleNamespace]]:
        return {"eth0": [SimpleNamespace(address=HERE)], "lo": [SimpleNamespace(address="::1")]}

    class Probe(socket.socket):
        def connect(self, address: object) -> None:
            return

        def getsockname(self) -> tuple[str, int]:
            return HERE, 1

        def getpeername(self) -> tuple[str, int]:
            return peer, 50052

    monkeypatch.setattr(psutil, "net_if_addrs", addresses)
    monkeypatch.setattr(socket, "socket", Probe)
    peer = HERE
    assert _interface(f"{HERE}:50052") == "lo"
    peer = "10.0.0.2"
    assert _interface(A) == "eth0"


def test_counters_of_macos_begin_again_at_4_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_read", lambda names: ({"en0": 900}, None))
    weights = Placement(workers={A: Buffers(model=4096.0)})
    traffic = Traffic({"en0": 100})
    assert traffic.total(weights.sent) == (800, None)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert traffic.total() == (800, None)
    sent, reason = traffic.total(weights.sent)
    assert sent is None
    assert reason is not None
    assert "modulo 4 GiB" in reason


def test_the_metric_is_bytes_over_output_tokens() -> None:
    measured = ratio.network(NetworkBytes(sent=1000), 10)
    assert (measured.value, measured.numerator, measured.denominator) == (100, 1000, 10)
    reasons = [
        ratio.network(None, 10),
        ratio.network(NetworkBytes(unknown="why"), 10),
        ratio.network(NetworkBytes(sent=1), None),
    ]
    assert [measured.value for measured in reasons] == [None] * 3
    assert [m.reason for m in reasons][:2] == ["the lane is on one machine", "why"]
    assert "network_bytes_per_token" in [metric.name for metric in LLM.metrics]
