"""A TCP relay with the faults of networks: silence, cuts at a byte, half-closed, slow."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable
from types import TracebackType


class Relay:
    """Passes bytes both ways to a port of this machine.

    Every connection is cut once as many bytes have come from its client as `cuts` says, one after
    the other; when they are used up, it is cut no more. `delay_s` is added to each piece of at most
    `piece` bytes, one way and the other.
    """

    def __init__(
        self, port: int, *, cuts: Iterable[int] = (), delay_s: float = 0.0, piece: int = 65536
    ) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        self._cuts = iter(cuts)
        self._delay_s = delay_s
        self._piece = piece
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._frozen: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def freeze(self) -> None:
        """Hold back everything on the connections that are open now: their peers have vanished."""
        self._frozen.update(end for pair in self._pairs for end in pair)

    def half_close(self) -> None:
        """End what clients send on the connections that are open now, and nothing else."""
        for _, far in self._pairs:
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_WR)

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for pair in self._pairs:
            _end(pair)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                self.connections += 1
                self._pairs.append((near, far))
                cut = next(self._cuts, None)
                for source, sink, limit in ((near, far, cut), (far, near, None)):
                    parts = (source, sink, limit, (near, far))
                    threading.Thread(target=self._pass, args=parts, daemon=True).start()

    def _pass(
        self,
        source: socket.socket,
        sink: socket.socket,
        limit: int | None,
        pair: tuple[socket.socket, socket.socket],
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(self._piece):
                if self._delay_s:
                    time.sleep(self._delay_s)
                if limit is not None and passed + len(data) >= limit:
                    sink.sendall(data[: limit - passed])
                    break
                passed += len(data)
                if source not in self._frozen:
                    sink.sendall(data)
        if source not in self._frozen:
            _end(pair)


def _end(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
