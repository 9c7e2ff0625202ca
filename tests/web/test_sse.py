"""A log as server-sent events: nothing lost, nothing doubled, nothing gathered."""

import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from benchrace.testing.limits import HANG_S
from benchrace.web import sse
from benchrace.web.shutdown import Shutdown
from tests import local_http
from tests.web.conftest import Memory

Frame = dict[str, str]


@asynccontextmanager
async def watching(url: str, path: str = "/events", **headers: str) -> AsyncIterator[Any]:
    async with (
        local_http.async_client(url, timeout=HANG_S) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        yield frames(answer)


async def frames(answer: httpx.Response) -> AsyncIterator[Frame]:
    rest = b""
    async for chunk in answer.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n\n")
        for chunk in whole:
            fields: Frame = {}
            for line in chunk.decode().split("\n"):
                name, _, value = line.partition(": ")
                fields[name] = f"{fields[name]}\n{value}" if name in fields else value
            if "retry" not in fields:
                yield fields


async def all_of(url: str, path: str = "/events", **headers: str) -> list[Frame]:
    async with watching(url, path, **headers) as viewer_frames:
        return [frame async for frame in viewer_frames]


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(HANG_S):
        while not condition():  # noqa: ASYNC110 (what is waited for is another connection's)
            await anyio.sleep(0.005)


async def test_lines_come_live_and_the_end_is_said(edge: Any) -> None:
    edge.log.add(b"a\nb\n")
    async with watching(edge.url) as viewer_frames:
        assert await anext(viewer_frames) == {"id": "0-4", "data": "a\nb"}
        edge.log.add(b"c\n")
        assert await anext(viewer_frames) == {"id": "0-6", "data": "c"}
        edge.log.close()
        assert (await anext(viewer_frames))["event"] == "end"
        with pytest.raises(StopAsyncIteration):
            await anext(viewer_frames)


async def test_a_viewer_that_comes_back_loses_and_doubles_nothing(edge: Any) -> None:
    lines = [f"line {number}\n".encode() for number in range(40_000)]
    edge.log.add(b"".join(lines))
    got: list[str] = []
    last = ""
    while len(got) < len(lines):
        async with watching(edge.url, **({"Last-Event-ID": last} if last else {})) as viewer_frames:
            frame = await anext(viewer_frames)
            last = frame["id"]
            got += frame["data"].split("\n")
    assert got == [line.decode()[:-1] for line in lines]
    assert edge.log.largest <= 1 << 16


async def test_an_offset_can_be_asked_for(edge: Any) -> None:
    edge.log.add(b"a\nb\n")
    edge.log.close()
    assert [frame.get("data") for frame in await all_of(edge.url, "/events?after=2")] == ["b", "{}"]


@pytest.mark.parametrize("name", ["1-4", "0-3", "0-99", "7"])
async def test_a_place_of_another_log_starts_from_a_snapshot(edge: Any, name: str) -> None:
    edge.log.add(b"a\nb\n")
    (only,) = await all_of(edge.url, **{"Last-Event-ID": name})
    assert only == {"event": "snapshot", "data": '{"epoch":0,"size":4,"url":"/snapshot"}'}


async def test_a_cut_log_sends_its_viewers_to_a_snapshot(edge: Any) -> None:
    edge.log.add(b"a\n")
    async with watching(edge.url) as viewer_frames:
        await anext(viewer_frames)
        edge.log.epoch = 1
        edge.log.add(b"b\n")
        assert (await anext(viewer_frames))["event"] == "snapshot"


@pytest.mark.parametrize("name", ["x", "-1", "1-", "1-2-3", "٣", "9" * 40])
async def test_what_is_no_place_is_refused(edge: Any, name: str) -> None:
    async with local_http.async_client(edge.url) as client:
        assert (await client.get("/events", params={"after": name})).status_code == 400


async def test_a_quiet_log_is_pinged(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "PING_S", 0.05)
    async with watching(edge.url) as viewer_frames:
        assert await anext(viewer_frames) == {"": "ping"}


async def test_one_viewer_too_many_is_refused(edge: Any) -> None:
    async with local_http.async_client(edge.url) as client:
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(watch_for_ever, edge.url)
            await until(lambda: edge.viewers.count == 8)
            answer = await client.get("/events")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            error = answer.json()["error"]
            assert error["category"] == "busy"
            assert error["message"] == "this central serves its limit of 8 viewers"
            group.cancel_scope.cancel()
        await until(lambda: edge.viewers.count == 0)


async def watch_for_ever(url: str) -> None:
    async with watching(url) as viewer_frames:
        await anext(viewer_frames)


async def test_a_viewer_gets_one_frame_in_each_interval(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    after, intervals = edge.viewers.frames.after, Counter[int]()

    def after_counted(source: sse.Source, offset: int) -> tuple[bytes, int]:
        data, end = after(source, offset)
        if data:
            intervals[int(anyio.current_time() / sse.FRAME_S + 0.01)] += 1
        return data, end

    monkeypatch.setattr(edge.viewers.frames, "after", after_counted)
    async with watching(edge.url) as viewer_frames, anyio.create_task_group() as group:
        group.start_soon(add_for_ever, edge.log)
        for _ in range(10):
            await anext(viewer_frames)
        assert len(intervals) >= 10
        assert set(intervals.values()) == {1}
        group.cancel_scope.cancel()


async def test_a_viewer_that_is_behind_goes_on_at_once(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "FRAME_S", HANG_S * 2)
    edge.log.add((b"y" * 99 + b"\n") * 2000)
    edge.log.close()
    with anyio.fail_after(HANG_S):
        every = await all_of(edge.url)
    assert every[-1]["event"] == "end"
    assert len(every) > 3


def test_viewers_that_have_read_equally_far_share_a_frame() -> None:
    log, frames = Memory(), sse.Frames()
    log.add(b"a\n")
    first = frames.after(log, 0)
    log.add(b"b\n")
    assert frames.after(log, 0) is first
    assert frames.after(log, 2) == (b"id: 0-4\ndata: b\n\n", 4)
    assert frames.after(log, 4) == (b"", 4)
    log.epoch = 1
    assert frames.after(log, 0) == (b"id: 1-4\ndata: a\ndata: b\n\n", 4)
    other = Memory(b"z\n", epoch=1)
    assert frames.after(other, 0) == (b"id: 1-2\ndata: z\n\n", 2)


async def test_viewers_that_are_behind_go_on_in_step_and_share_every_frame() -> None:
    log, viewers, ends = Memory(), sse.Viewers(), list[bytes]()
    log.add((b"y" * 99 + b"\n") * 5000)
    log.close()
    read, places = log.read, list[int]()

    def read_noted(offset: int, limit: int = sse.CHUNK_BYTES) -> bytes:
        if lines := read(offset, limit):
            places.append(offset)
        return lines

    log.read = read_noted  # type: ignore[method-assign]

    async def watch() -> None:
        start, shutdown, last = sse.Position(), Shutdown(), b""
        async for frame in sse._frames(log, start, shutdown, viewers, "/", lambda: True):
            last = frame
        ends.append(last)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(watch)
    assert len(places) == len(set(places)) > 3
    assert ends == [b"event: end\ndata: {}\n\n"] * 3


async def add_for_ever(log: Any) -> None:
    while True:
        log.add(b"x\n")
        await anyio.sleep(0.001)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it alone")
async def test_a_viewer_that_never_reads_holds_one_chunk_and_is_dropped(
    stalled_edge: Any,
) -> None:
    edge = stalled_edge
    host, port = edge.listener.host, edge.listener.port
    edge.log.add((b"y" * 99 + b"\n") * 200_000)
    async with await anyio.connect_tcp(host, port) as stream:
        await stream.send(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await until(lambda: edge.viewers.count == 1)
        await until(lambda: edge.viewers.count == 0)
    assert edge.log.largest <= 1 << 16
