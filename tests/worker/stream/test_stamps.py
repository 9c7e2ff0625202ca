"""Raw stamps: kept with their round whatever a backend does, in parts that fit a line."""

from pathlib import Path
from textwrap import dedent

import pytest

from benchrace.events import Chunks, RoundDone, RoundStart
from benchrace.events.codec import MAX_LINE_BYTES
from benchrace.plugin.stream import TimingSource
from benchrace.testing import job_lane, job_spec, plugin_ref, read_journal, run_job
from benchrace.worker.stream.stamps import PART, RoundStamps

pytestmark = pytest.mark.slow

PLUGIN = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from benchrace.plugin import (
    Backend, BenchraceError, Better, Category, Kind, Metric, Params, Record, StreamRequest,
    Workload, hookimpl,
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(3):
            self.wfile.write(b"2\\r\\n1\\n\\r\\n")
        self.wfile.write(b"0\\r\\n\\r\\n")

    def log_message(self, *_):
        pass


class P(Params, frozen=True, kw_only=True):
    fail: bool = False


class R(Record, frozen=True, kw_only=True):
    count: int


KIND = Kind(
    name="reading", title="Reading", params=P, record=R,
    metrics=(Metric(name="x", title="X", unit="x", better=Better.LOWER, headline=True),),
    derive=lambda record, params: (),
)


class Reader(Backend):
    name, title, workloads = "reader", "Reader", (Workload(kind=KIND),)

    async def open(self, lane, context):
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        async with context.stream.open(StreamRequest(url=self.url, method="GET")) as stream:
            assert [chunk.data async for chunk in stream] == [b"1"] * 3

    async def round(self, lane, context):
        count = 0
        for _ in range(2):
            async with context.stream.open(StreamRequest(url=self.url, method="GET")) as stream:
                count += len([chunk async for chunk in stream])
        if lane.params.fail:
            raise BenchraceError(Category.STREAM_ERROR, "as the test says")
        return R(count=count)


@hookimpl
def benchrace_backends():
    return [Reader]


@hookimpl
def benchrace_kinds():
    return [KIND]
"""


@pytest.mark.parametrize("fail", [False, True])
def test_a_round_s_stamps_are_in_the_log_whether_it_worked_or_not(
    tmp_path: Path, fail: bool
) -> None:
    (tmp_path / "reading_plugin.py").write_text(dedent(PLUGIN))
    spec = job_spec("reading", [job_lane(0, "reader", {"fail": fail})], rounds=1, warmup=1)
    run_job(
        spec,
        tmp_path,
        [plugin_ref("reading_plugin")],
        environment={"PYTHONPATH": str(tmp_path)},
    )
    events = read_journal(tmp_path)
    kinds = [type(event) for event in events if isinstance(event, RoundStart | Chunks | RoundDone)]
    assert kinds == [RoundStart, Chunks, Chunks, RoundDone] * 2
    for number, event in enumerate(event for event in events if isinstance(event, Chunks)):
        payload = event.payload
        assert (event.lane_id, event.round) == ("lane-0", number // 2)
        assert (payload.request, payload.first, payload.size) == (number % 2, 0, (2, 2, 2))
        assert payload.sent_ns is not None
        assert (
            0
            < payload.sent_ns
            <= payload.t_ns[0]
            <= payload.t_ns[1]
            <= payload.t_ns[2]
            <= event.t_ns
        )
        assert payload.source in ("kernel", "user")


def test_long_streams_are_told_in_parts() -> None:
    round_stamps = RoundStamps()
    round_stamps.begin()
    stamps = round_stamps.request()
    stamps.sent_ns, stamps.source = 10**15, TimingSource.KERNEL
    stamps.add((b"", 10**15 + 7 * number, 10**15, 10**6, "") for number in range(2 * PART + 1))
    parts = list(round_stamps.take(t0_ns=5))
    assert [(part.first, len(part.t_ns)) for part in parts] == [
        (0, PART),
        (PART, PART),
        (2 * PART, 1),
    ]
    assert parts[1].t_ns[0] == 10**15 + 7 * PART - 5
    assert parts[1].bound_ns[0] == 7 * PART
    longest = max(len(str(part)) for part in parts)
    assert longest < MAX_LINE_BYTES


def test_outside_of_a_round_nothing_is_kept() -> None:
    stamps = RoundStamps()
    stamps.request().sent_ns = 1
    assert list(stamps.take(0)) == []
    stamps.begin()
    stamps.request()
    assert list(stamps.take(0)) == [], "a request that was never sent"
