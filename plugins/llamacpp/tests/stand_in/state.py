"""What a server that runs is and does."""

import socket
import threading
from collections.abc import Callable

from . import wire


class State:
    """The server's model, slots and workers; `crash` ends the process as a lost worker does."""

    def __init__(
        self, workers: list[socket.socket], options: dict[str, str], crash: Callable[[], None]
    ) -> None:
        self.workers = workers
        self.options = options
        self.build = ""
        self.ready = False
        self.busy = 0
        self.tasks = -1
        self._crash = crash
        self._lock = threading.Lock()

    @property
    def slots(self) -> int:
        return int(self.options["-np"])

    def compute(self) -> None:
        """Compute a token, which needs an answer of every worker."""
        with self._lock:
            try:
                for link in self.workers:
                    wire.request(link, wire.GET_TENSOR, bytes(32))
            except (wire.Gone, ConnectionError):
                self._crash()
