"""Hold the one GPU that an engine runs on, for as long as lanes use the engine there."""

from collections.abc import Callable

from benchrace.plugin.engine.device import Device, gpu_error


class EngineGpu:
    """The GPU of one engine, which all lanes that are open on it share; None is its own choice."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._gpu: Device | None = None
        self._holders = 0

    def hold(self, gpu: Device | None) -> Callable[[], None]:
        """Hold the engine on `gpu`; return the function that ends this, once.

        Raises `InvalidInput` if a lane holds it on another one.
        """
        if self._holders and gpu != self._gpu:
            raise gpu_error(
                f"{self._engine} cannot run on two GPUs at the same time, and another lane uses it "
                "on another one: run a server for each GPU, or let lanes take turns (resident one)"
            )
        self._gpu = gpu
        self._holders += 1
        return self._release

    def _release(self) -> None:
        self._holders -= 1
