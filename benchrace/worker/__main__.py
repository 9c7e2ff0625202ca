"""`python -m benchrace.worker`: the first line of standard input is the order."""

import os
import signal
import sys

import msgspec

from benchrace.clock import SystemClock
from benchrace.garbage import collect_rarely
from benchrace.plugin.engine.launch import LOG_DIR
from benchrace.protocol import agent_worker
from benchrace.protocol.agent_worker import WorkerExit
from benchrace.redaction import register_environment, register_settings
from benchrace.worker.parent import die_with_parent
from benchrace.worker.stdio import Lines, ProtocolOut

_ORDER_BYTES = 16 * 1024 * 1024


def main() -> WorkerExit:
    """Carry out the order; no plugin is imported before the streams are safe."""
    collect_rarely()
    parent = os.getppid()
    output = ProtocolOut.take_over()
    # Ctrl-C in a terminal reaches the whole group; what becomes of a job is the agent's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not die_with_parent(parent):
        return WorkerExit.UNWRITABLE
    lines = Lines(0, _ORDER_BYTES)
    try:
        order = agent_worker.decode_order(next(iter(lines), b""))
    except (msgspec.DecodeError, ValueError) as error:
        sys.stderr.write(f"worker: invalid order on the first line: {error}\n")
        return WorkerExit.BAD_ORDER
    return _execute(order, lines, output)


def _execute(order: agent_worker.AnyOrder, lines: Lines, output: ProtocolOut) -> WorkerExit:
    register_environment(os.environ)
    register_settings(order.setup.config, os.environ)
    if order.setup.log_dir is not None:
        # Read by what starts engines, unless the user set it.
        os.environ.setdefault(LOG_DIR, order.setup.log_dir)
    # Each order imports what it needs: a job is not to carry what questions need.
    match order:
        case agent_worker.JobOrder():
            from benchrace.worker.job.job import run_job

            return run_job(order, lines, output, SystemClock())
        case _:
            from benchrace.worker.questions.questions import answer

            return answer(order, lines, output)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not `sys.exit`: a plugin's forgotten thread would keep the process, and its job's slot.
    os._exit(code)
