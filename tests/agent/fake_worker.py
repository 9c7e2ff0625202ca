"""A worker that does what its lane's `acts` say; it speaks the real control protocol.

Acts: `phase:P[:HEAT]`, `emit:N`, `pause:S`, `go` (wait for it), `obey` (wait for a cancel and end),
`deaf` (ignore cancel, TERM and the end of input), `die` (SIGKILL itself), `exit:N`, `torn` (half a
line), `spoilt` (an end whose payload cannot be read),
`unwritten` (say that the disk is full, and exit), `say:TEXT` (to its error output),
`garbage` (no protocol), `child` (start a sleeping child), `file:PATH` (wait for it),
`artifact:NAME` (a file of the job), `done`. A lane of the kind `workflow` has them in its workflow.
"""

import hashlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.events import encode
from benchrace.events.envelope import Artifact, Event, JobCancelled, JobDone, Log, Stream
from benchrace.events.payloads import (
    ArtifactPayload,
    JobCancelledPayload,
    JobDonePayload,
    LogPayload,
)
from benchrace.plugin.description import (
    BackendDescription,
    PluginDescription,
    WorkloadDescription,
)
from benchrace.plugin.readiness import Model, Probe
from benchrace.plugin.workload import Drawing
from benchrace.protocol import agent_worker
from benchrace.protocol.capabilities import Calibrated, LaneReadiness, PreflightAnswer
from benchrace.run.states import JobPhase
from benchrace.store.journal import Journal
from benchrace.testing.limits import HANG_S
from benchrace.worker.parent import die_with_parent


def say(words: agent_worker.FromWorker) -> None:
    os.write(1, agent_worker.encode(words))


def describe(order: agent_worker.DescribeOrder) -> PluginDescription:
    ref = order.setup.plugins[0]
    if ref.name == "hangs":
        os.write(2, b"it waits here")
        # It ends with its agent, as a real one does.
        if die_with_parent(os.getppid()):
            signal.pause()
    acting = WorkloadDescription(
        kind="acting",
        title="Acting",
        params_schema={
            "type": "object",
            "properties": {"gpu": {"type": "string", "choices": "gpus"}},
        },
        metrics=(),
        metrics_version=1,
        presets={},
        automatic="size",
        saturates=(),
        drawing=Drawing.PROGRESS,
        together=True,
    )
    workflow = msgspec.structs.replace(acting, kind="workflow", title="Acting by a workflow")
    backend = BackendDescription(
        name="actor", title="Actor", version="1", workloads=(acting, workflow), config_schema=None
    )
    return PluginDescription(
        name=ref.name,
        module=ref.module,
        distribution=ref.distribution,
        version=ref.version,
        # One of the plugins that happen to be installed speaks for the actor; two would clash.
        backends=(backend,) if ref.name in ("compute", "acts") else (),
    )


def probe(order: agent_worker.ProbeOrder | agent_worker.PreflightOrder) -> Probe:
    if any(plugin.name == "exits" for plugin in order.setup.plugins):
        sys.exit(3)
    return Probe(reachable=True, version="9", models=(Model(name="m", size=1),))


class Play:
    def __init__(self, order: agent_worker.JobOrder) -> None:
        self.order = order
        self.journal = Journal(Path(order.folder) / "work.ndjson")
        self.seq = 0
        self.buffer = b""

    def envelope(self) -> dict[str, Any]:
        spec = self.order.spec
        self.seq += 1
        return {
            "run_id": spec.run_id,
            "job_id": spec.job_id,
            "machine_id": spec.machine_id,
            "lane_id": None,
            "round": None,
            "stream": Stream.WORK,
            "seq": self.seq - 1,
            "t_ns": time.monotonic_ns() - self.order.t0_ns,
            "timestamp_s": time.time(),
        }

    def write(self, event: Event) -> None:
        self.journal.append(encode(event))

    def hear(self, wanted: type) -> Any:
        while True:
            while b"\n" not in self.buffer:
                select.select([0], [], [])
                data = os.read(0, 65536)
                if not data:
                    os._exit(0)
                self.buffer += data
            line, self.buffer = self.buffer.split(b"\n", 1)
            message = agent_worker.decode_to_worker(line)
            if isinstance(message, wanted | agent_worker.Cancel):
                return message

    def finish(self, message: object) -> None:
        if isinstance(message, agent_worker.Cancel):
            payload = JobCancelledPayload(reason=message.reason)
            self.write(JobCancelled(**self.envelope(), payload=payload))
            os._exit(0)

    def act(self, act: str) -> None:
        word, _, rest = act.partition(":")
        match word:
            case "phase":
                phase, _, heat = rest.partition(":")
                now = agent_worker.PhaseNow(phase=JobPhase(phase), heat=int(heat) if heat else None)
                say(now)
            case "emit":
                for number in range(int(rest)):
                    payload = LogPayload(level="info", message=f"line {number}", source="actor")
                    self.write(Log(**self.envelope(), payload=payload))
            case "pause":
                time.sleep(float(rest))
            case "file":
                # Not for ever: nobody ends a worker whose tests were killed.
                until = time.monotonic() + HANG_S
                while not Path(rest).exists() and time.monotonic() < until:
                    time.sleep(0.01)
            case "go":
                self.finish(self.hear(agent_worker.Go))
            case "obey":
                self.finish(self.hear(agent_worker.Cancel))
            case "deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(60)
            case _:
                self.end(word, rest)

    def make(self, word: str, name: str) -> None:
        if word == "child":
            child = subprocess.Popen(["sleep", "60"])
            (Path(self.order.folder) / "child").write_text(str(child.pid))
            return
        data = f"the bytes of {name}".encode()
        sha256 = hashlib.sha256(data).hexdigest()
        folder = Path(self.order.folder) / "artifacts"
        folder.mkdir(exist_ok=True)
        (folder / sha256).write_bytes(data)
        payload = ArtifactPayload(
            name=name, media_type="image/png", size=len(data), digest=f"sha256:{sha256}"
        )
        self.write(Artifact(**self.envelope(), payload=payload))

    def end(self, word: str, rest: str) -> None:
        match word:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(int(rest))
            case "unwritten":
                full = BenchraceError(Category.DISK_FULL, "work.ndjson: No space left on device")
                say(agent_worker.Unwritten(failure=full.failure()))
                os._exit(agent_worker.WorkerExit.UNWRITABLE)
            case "torn":
                with self.journal.path.open("ab") as file:
                    file.write(b'{"type":"log","ru')
            case "spoilt":
                payload = JobDonePayload(metrics={})
                line = encode(JobDone(**self.envelope(), payload=payload))
                self.journal.append(line.replace(msgspec.json.encode(payload), b"17"))
                os._exit(0)
            case "say":
                os.write(2, rest.encode() + b"\n")
            case "garbage":
                os.write(1, b"this is no protocol\n")
                time.sleep(60)
            case "child" | "artifact":
                self.make(word, rest)
            case "done":
                payload = JobDonePayload(metrics={"value": 1.0, "lines": self.seq})
                self.write(JobDone(**self.envelope(), payload=payload))
                os._exit(0)
            case _:
                raise ValueError(word)


def main() -> None:
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(0, 1)
        if not data:
            return
        line += data
    order = agent_worker.decode_order(line)
    match order:
        case agent_worker.JobOrder():
            play = Play(order)
            say(agent_worker.PhaseNow(phase=JobPhase.OPENING))
            params = order.spec.lanes[0].params
            for act in params["acts"] if "acts" in params else params["workflow"]["acts"]:
                play.act(act)
        case agent_worker.DescribeOrder():
            say(agent_worker.Reply(result=msgspec.to_builtins(describe(order))))
        case agent_worker.ProbeOrder():
            say(agent_worker.Reply(result=msgspec.to_builtins({"actor": probe(order)})))
        case agent_worker.PreflightOrder():
            # Long enough for a job to come in between, where a lane wants that.
            time.sleep(max(lane.params.get("slow", 0.0) for lane in order.lanes))
            ready = PreflightAnswer(
                lanes=tuple(
                    LaneReadiness(lane_id=lane.lane_id, params=lane.params) for lane in order.lanes
                ),
                probes={name: probe(order) for name in order.probe},
            )
            say(agent_worker.Reply(result=msgspec.to_builtins(ready)))
        case agent_worker.CalibrateOrder():
            result = [Calibrated(lane_id=lane.lane_id, params={"size": 7}) for lane in order.lanes]
            say(agent_worker.Reply(result=msgspec.to_builtins(result)))
        case _:
            sys.exit(2)


if __name__ == "__main__":
    main()
