"""An agent's settings: flags over environment over `agent.yaml` over defaults."""

import sys
from pathlib import Path

import msgspec

from benchrace.config.agent import AgentFile
from benchrace.config.machine_id import machine_id
from benchrace.protocol.liveness import KeepAlive
from benchrace.telemetry.overrides import HardwareOverrides

# -P keeps the folder that the agent was started in off the path that plugins are imported from.
WORKER = (sys.executable, "-P", "-m", "benchrace.worker")


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`central` is its base URL, None for an agent without one.

    `share_host` lets agents of one host measure side by side, for tests and simulations.
    `worker` is the command of a worker. Without `probe_at_start`, engines are probed when
    central asks, and from the end of the first job on. Finished jobs beyond `keep_jobs`, or older
    than `keep_s`, go once central has them.
    """

    data: Path
    machine_id: str
    label: str
    host: str = "127.0.0.1"
    port: int = 9001
    central: str | None = None
    token: str | None = None
    share_host: bool = False
    insecure: bool = False
    hosts: tuple[str, ...] = ()
    sampling_s: float = 0.5
    overrides: HardwareOverrides = HardwareOverrides()
    tables: dict[str, dict[str, object]] = {}
    worker: tuple[str, ...] = WORKER
    probe_at_start: bool = True
    probe_every_s: float = 60.0
    keep_jobs: int = 200
    keep_s: float = 14 * 86400.0
    keep_alive: KeepAlive = KeepAlive()

    @property
    def log_dir(self) -> str:
        """Where engines that are started leave their output, and the mark of who started them."""
        return str(self.data / "engines")


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's options; None is "not set"."""

    machine_id: str | None = None
    label: str | None = None
    host: str | None = None
    port: int | None = None
    central: str | None = None
    token: str | None = None
    share_host: bool = False
    insecure: bool = False


NO_FLAGS = Flags()


def settle(data: Path, file: AgentFile, flags: Flags = NO_FLAGS) -> AgentSettings:
    """Resolve the settings; raises InvalidInput for an invalid machine name."""
    config = file.config
    name = machine_id(file, flags.machine_id)
    chosen = {
        "host": flags.host or config.bind_host,
        "port": config.bind_port if flags.port is None else flags.port,
        "central": flags.central or config.central_base_url,
        "token": flags.token or config.central_token,
    }
    return AgentSettings(
        data=data,
        machine_id=name,
        label=flags.label or config.label or name,
        share_host=flags.share_host or config.share_host,
        insecure=flags.insecure,
        hosts=config.allowed_hosts,
        sampling_s=config.sampling_s,
        overrides=_overrides(file),
        tables=config.tables,
        **{name: value for name, value in chosen.items() if value is not None},  # type: ignore[arg-type]
    )


def _overrides(file: AgentFile) -> HardwareOverrides:
    if file.document is None or not file.config.hardware:
        return HardwareOverrides()
    return file.document.decode(HardwareOverrides, ("hardware",))
