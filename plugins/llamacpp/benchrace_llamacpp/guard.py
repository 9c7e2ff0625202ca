"""Run a program that must not outlive the process that started it.

`python guard.py PROGRAM ...`: the program ends when it is told to, or when standard input closes,
which the end of that process does, whatever ended it. Exits as the program did, with 128 + N for
signal N. It imports nothing of this distribution, so that it starts at once.
"""

import os
import signal
import subprocess
import sys
import threading

_TERM_S = 3.0


def main(words: list[str]) -> int:
    """Run the program to its end."""
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        # SIGPIPE stays ignored: a worker would die of it when its coordinator is killed.
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, restore_signals=False)
    except OSError as error:
        sys.stderr.write(f"cannot start {words[0]}: {error.strerror or error}\n")
        return 127
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    status = child.wait()
    return 128 - status if status < 0 else status


def _end_with_parent(child: "subprocess.Popen[bytes]") -> None:
    """Wait until standard input closes, then end the program."""
    while os.read(0, 4096):
        continue
    child.terminate()
    try:
        child.wait(_TERM_S)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    # Not `sys.exit`: the thread still reads.
    os._exit(main(sys.argv[1:]))
