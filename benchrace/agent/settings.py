"""An agent's settings: flags over environment over `agent.yaml` over defaults."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from benchrace.config.agent import AgentFile
from benchrace.config.assets.sources import AssetsConfig
from benchrace.config.callbacks import CallbackConfig
from benchrace.config.machine_id import machine_id
from benchrace.config.machine_settings import MachineSettings, SettingsInUse
from benchrace.protocol.liveness import KeepAlive
from benchrace.telemetry.overrides import HardwareOverrides
from benchrace.tls.server import ServerTls, server_tls
from benchrace.tls.trust import CA, CERTIFICATE, KEY, Trust, configured_trust, trust_of

if TYPE_CHECKING:
    from benchrace.agent.jobs.worker_process import WorkerCommand

# -P keeps the folder that the agent was started in off the path that plugins are imported from.
WORKER = (sys.executable, "-P", "-m", "benchrace.worker")


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`central` is its base URL, None for an agent without one; `central_source` says what set it.

    `trust` is for the link, and `tls` for the agent's own port.

    `share_host` lets agents of one host measure side by side, for tests and simulations.
    `worker` is the command of a worker; a `launcher` starts workers in its place. A `simulated`
    agent offers the plugins of simulated machines and no others, which no other agent does. Without
    `probe_at_start`, engines are probed when central asks, and from the end of the first job on.
    `local` are settings of the machine that `agent.yaml` sets, so that central cannot; `defaults`
    are in use where neither sets one. `assets` says from where files may be fetched; `config` is
    the configuration folder, None for the usual one.
    What the machine lends to lanes of others listens at `lend_address`, None for this end of the
    link to central; it ends when central has not asked for it for `lease_s`.
    """

    data: Path
    machine_id: str
    label: str
    host: str = "127.0.0.1"
    port: int = 9001
    central: str | None = None
    central_source: str | None = None
    token: str | None = None
    share_host: bool = False
    insecure: bool = False
    mdns: bool = True
    hosts: tuple[str, ...] = ()
    overrides: HardwareOverrides = HardwareOverrides()
    tables: dict[str, dict[str, object]] = {}
    worker: tuple[str, ...] = WORKER
    launcher: Any = None
    simulated: bool = False
    probe_at_start: bool = True
    local: MachineSettings = MachineSettings()
    defaults: SettingsInUse = SettingsInUse()
    keep_alive: KeepAlive = KeepAlive()
    trust: Trust = Trust()
    tls: ServerTls | None = None
    assets: AssetsConfig = AssetsConfig()
    config: Path | None = None
    callbacks: CallbackConfig = CallbackConfig()
    lend_address: str | None = None
    lease_s: float = 30.0

    @property
    def worker_command(self) -> "WorkerCommand":
        """Return what starts a worker."""
        return self.worker if self.launcher is None else cast("WorkerCommand", self.launcher)

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
    ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None


NO_FLAGS = Flags()


def settle(data: Path, file: AgentFile, flags: Flags = NO_FLAGS) -> AgentSettings:
    """Resolve the settings; raises InvalidInput for an invalid machine name."""
    config = file.config
    central, source = _central(file, flags)
    name = machine_id(file, flags.machine_id)
    chosen = {
        "host": flags.host or config.bind_host,
        "port": config.bind_port if flags.port is None else flags.port,
        "central": central,
        "central_source": source,
        "token": flags.token or config.central_token or _own_token(file, central),
    }
    return AgentSettings(
        data=data,
        machine_id=name,
        label=flags.label or config.label or name,
        share_host=flags.share_host or config.share_host,
        insecure=flags.insecure,
        mdns=config.mdns,
        lend_address=config.lend_address,
        callbacks=config.callbacks,
        hosts=config.allowed_hosts,
        local=config.machine_settings(),
        overrides=_overrides(file),
        tables=config.tables,
        assets=config.assets,
        config=None if file.document is None else file.document.path.parent,
        trust=_trust(file, central, flags),
        tls=server_tls(
            flags.tls_cert or config.tls_cert,
            flags.tls_key or config.tls_key,
            flags.tls_client_ca or config.tls_client_ca,
        ),
        **{name: value for name, value in chosen.items() if value is not None},  # type: ignore[arg-type]
    )


def _central(file: AgentFile, flags: Flags) -> tuple[str | None, str | None]:
    """Return the central to link to, and what set it."""
    if flags.central:
        return flags.central, "--central"
    if file.config.central_base_url:
        return file.config.central_base_url, "agent.yaml"
    if file.joined is not None:
        return file.joined.central, "`benchrace agent join`"
    return None, None


def _own_token(file: AgentFile, central: str | None) -> str | None:
    """Return the token of the joined central: no other one may see it."""
    joined = file.joined
    return joined.token if joined is not None and joined.central == central else None


def _trust(file: AgentFile, central: str | None, flags: Flags) -> Trust:
    flagged = {CA: flags.ca, CERTIFICATE: flags.client_cert, KEY: flags.client_key}
    return trust_of(flagged, trust_of(os.environ, configured_trust(file, central)))


def _overrides(file: AgentFile) -> HardwareOverrides:
    if file.document is None or not file.config.hardware:
        return HardwareOverrides()
    return file.document.decode(HardwareOverrides, ("hardware",))
