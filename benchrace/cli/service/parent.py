"""A process that serves only as long as the command that started it."""

import os
import signal
import threading


def end_with(parent_fd: int) -> None:
    """End this process in order once the other end of the pipe is closed."""

    def watch() -> None:
        while os.read(parent_fd, 64):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
