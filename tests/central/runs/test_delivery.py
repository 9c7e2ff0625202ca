"""Whatever a network does, a run's log holds each job's lines once, in order, and without a gap."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from benchrace.errors import BenchraceError
from benchrace.events import JobDone, Stream, encode
from benchrace.events.payloads import JobDonePayload
from benchrace.protocol import agent_central as m
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import Gap, RunLog

RUN = "2026-11-24_101500_abcdef"
JOBS = ("j" + "0" * 16, "j" + "1" * 16)
STREAMS = (Stream.WORK, Stream.AGENT)
KEYS = [(job, stream) for job in JOBS for stream in STREAMS]
keys = st.sampled_from(KEYS)

METADATA = RunMetadata(
    run_id=RUN,
    version="0",
    created_at=0.0,
    spec=RunSpec(kind="work"),
    state=RunState.RUNNING,
    kind="work",
    order=Order.CONTIGUOUS,
    sync=Sync.FIRST_HEAT,
    salt="",
    rounds=1,
    warmup=0,
    lanes=(),
)


def line(job: str, stream: Stream, seq: int) -> bytes:
    return encode(
        JobDone(
            run_id=RUN,
            job_id=job,
            machine_id="m",
            lane_id=None,
            round=None,
            stream=stream,
            seq=seq,
            t_ns=seq,
            timestamp_s=0.0,
            payload=JobDonePayload(metrics={}),
        )
    )


class Delivery(RuleBasedStateMachine):
    """Two jobs' journals on agents' disks, one log on central's, and a network between."""

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.folder = RunFolder.create(self.path, METADATA)
        self.log = RunLog.open(self.folder)
        self.journal: dict[tuple[str, Stream], list[bytes]] = {key: [] for key in KEYS}
        self.sent = dict.fromkeys(KEYS, 0)
        self.flying: list[bytes] = []
        self.acked = dict.fromkeys(KEYS, 0)

    def teardown(self) -> None:
        self.log.close()
        shutil.rmtree(self.path)

    @rule(key=keys, count=st.integers(1, 4))
    def work(self, key: tuple[str, Stream], count: int) -> None:
        for _ in range(count):
            self.journal[key].append(line(*key, len(self.journal[key])))

    @rule(key=keys, most=st.integers(1, 5))
    def send(self, key: tuple[str, Stream], most: int) -> None:
        lines = self.journal[key][self.sent[key] : self.sent[key] + most]
        if lines:
            frame = m.Frame(job=key[0], stream=key[1], first_seq=self.sent[key], count=len(lines))
            self.flying.append(m.pack(frame, b"".join(lines)))
            self.sent[key] += len(lines)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), keep=st.booleans())
    def arrive(self, data: st.DataObject, keep: bool) -> None:
        """Deliver any frame that is under way, and perhaps once more later."""
        index = data.draw(st.integers(0, len(self.flying) - 1))
        packed = self.flying[index] if keep else self.flying.pop(index)
        frame, lines = m.unpack(packed)
        expected = self.log.next_seq(frame.job, frame.stream)
        delivery = (frame.job, frame.stream, frame.first_seq, frame.count, lines)
        if frame.first_seq > expected:
            with pytest.raises(Gap) as gap:
                self.log.append(*delivery)
            assert gap.value.expected == expected
            self.relink()
        else:
            new = self.log.append(*delivery)
            assert new == max(0, frame.first_seq + frame.count - expected)

    @rule()
    def relink(self) -> None:
        """Lose what is under way; the welcome says where to go on."""
        self.flying.clear()
        self.sent = {key: self.log.next_seq(*key) for key in KEYS}

    @rule()
    def synced(self) -> None:
        self.log.sync()
        self.acked = {key: self.log.next_seq(*key) for key in KEYS}

    @rule(torn=st.binary(max_size=20))
    def killed(self, torn: bytes) -> None:
        """Central dies in the middle of a write, and another one takes the log over."""
        self.log.close()
        with self.folder.log_path.open("ab") as file:
            file.write(torn)
        self.log = RunLog.open(RunFolder.open(self.path, RUN))
        self.relink()

    @invariant()
    def the_log_is_a_prefix_of_each_journal(self) -> None:
        lines = self.folder.log_path.read_bytes().splitlines(keepends=True)
        for key in KEYS:
            mark = f'"job_id":"{key[0]}"'.encode(), f'"stream":"{key[1]}"'.encode()
            stored = [line for line in lines if all(part in line for part in mark)]
            assert stored == self.journal[key][: len(stored)]
            assert len(stored) == self.log.next_seq(*key)

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        for key in KEYS:
            assert self.acked[key] <= self.log.next_seq(*key)


TestDelivery = pytest.mark.slow(Delivery.TestCase)
TestDelivery.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_a_frame_with_a_wrong_count_is_no_frame() -> None:
    frame = m.Frame(job=JOBS[0], stream="work", first_seq=0, count=2)
    packed = m.pack(frame, line(JOBS[0], Stream.WORK, 0))
    with pytest.raises(BenchraceError, match="announces 2 lines and holds 1"):
        m.unpack(packed)
