"""`python -m benchrace.worker`: the first line of standard input is the order."""

import os
import signal
import sys

import msgspec

from benchrace.clock import SystemClock
from benchrace.plugin.launch import LOG_DIR
from benchrace.run import control
from benchrace.run.control import WorkerExit
from benchrace.worker.parent import die_with_parent
from benchrace.worker.streams import Lines, Voice

_ORDER_BYTES = 16 * 1024 * 1024


def main() -> WorkerExit:
    """Do what the order says; nothing of a plugin is imported before the streams are safe."""
    parent = os.getppid()
    voice = Voice.take_over()
    # Ctrl-C in a terminal reaches the whole group; what becomes of a job is the agent's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not die_with_parent(parent):
        return WorkerExit.UNWRITABLE
    lines = Lines(0, _ORDER_BYTES)
    try:
        order = control.decode_order(next(iter(lines), b""))
    except (msgspec.DecodeError, ValueError) as error:
        sys.stderr.write(f"worker: the first line of input is no order: {error}\n")
        return WorkerExit.BAD_ORDER
    return _obey(order, lines, voice)


def _obey(order: control.AnyOrder, lines: Lines, voice: Voice) -> WorkerExit:
    if order.log_dir is not None:
        # Read by what starts engines, unless a person has said where.
        os.environ.setdefault(LOG_DIR, order.log_dir)
    # Each order imports what it needs: a job is not to carry what questions need.
    match order:
        case control.JobOrder():
            from benchrace.worker.job import run_job

            return run_job(order, lines, voice, SystemClock())
        case _:
            from benchrace.worker.ask import answer

            return answer(order, voice)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not `sys.exit`: a plugin's forgotten thread would keep the process, and its job's slot.
    os._exit(code)
