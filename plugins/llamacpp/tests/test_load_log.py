"""What llama-server's recorded logs say: buffers, layers, phases, and why it ended."""

from benchrace_llamacpp.coordinator.load_log import failure, phase, placement, unreachable_endpoint
from benchrace_llamacpp.lending.banner import read_banner

from .stand_in.recorded import RECORDED, A, B


def text(*names: str) -> str:
    lines = RECORDED
    for name in names:
        lines = lines[name]
    return "\n".join(lines)


def test_buffers_of_both_workers() -> None:
    placed = placement(text("start_log"))
    assert placed.layers == (9, 9)
    assert list(placed.workers) == [A, B]
    first, second = placed.workers[A], placed.workers[B]
    assert (first.model, first.kv, first.compute) == (239.14, 40.0, 69.04)
    assert (second.model, second.kv, second.compute) == (145.51, 24.0, 69.04)
    assert round(first.total, 2) == 348.18
    assert placed.devices["CPU_Mapped"].model == 2.02


def test_a_split_of_three_to_one() -> None:
    placed = placement(text("tensor_split_log"))
    assert placed.workers[A].model > 2.5 * placed.workers[B].model


def test_one_device_alone() -> None:
    placed = placement(text("one_device_log"))
    assert list(placed.workers) == [B]


def test_builds_of_2025_name_workers_without_an_index() -> None:
    line = f"load_tensors: RPC[{A}] model buffer size =   239.14 MiB"
    assert placement(line).workers[A].model == 239.14


def test_an_outline_that_was_measured_first_does_not_count_twice() -> None:
    once = text("start_log")
    assert placement(f"{once}\n{once}") == placement(once)


def test_reasons_of_recorded_ends() -> None:
    faults = {name: failure("\n".join(lines)) for name, lines in RECORDED["faults"].items()}
    crashed = "Remote RPC server crashed or returned malformed response"
    assert faults["worker_killed_mid_generation"] == crashed
    assert faults["worker_killed_while_idle"] == crashed
    assert faults["old_worker"] == crashed
    assert faults["no_worker_at_start"] == f"Failed to connect to {A}"
    assert unreachable_endpoint(faults["one_of_two_workers_at_start"] or "") == B
    assert "couldn't bind HTTP server socket" in (faults["port_in_use"] or "")


def test_reasons_of_bad_starts() -> None:
    starts = {name: failure("\n".join(lines)) for name, lines in RECORDED["bad_starts"].items()}
    assert "No such file or directory" in (starts["model file missing"] or "")
    assert "failed to load model" in (starts["model file broken"] or "")
    assert starts["unknown flag"] == "error: invalid argument: --no-such-flag"
    assert failure(text("start_log")) is None


def test_phases_of_a_start() -> None:
    lines = RECORDED["start_log"]
    phases = list(dict.fromkeys(phase("\n".join(lines[: n + 1])) for n in range(len(lines))))
    assert phases == [
        "starting",
        "sending the weights",
        "making room for the context",
        "warming up",
        "loaded",
    ]


def test_the_log_of_a_worker() -> None:
    banner = read_banner(text("worker_log"))
    assert (banner.protocol, banner.cache) == ("7.0.0", None)
    (device,) = banner.devices
    assert (device.name, device.total_bytes) == ("CPU", 24105 << 20)
    cached = read_banner(text("worker_log").replace("n/a", "/home/x/.cache/llama.cpp/rpc"))
    assert cached.cache == "/home/x/.cache/llama.cpp/rpc"
