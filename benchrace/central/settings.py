"""A central's settings."""

from pathlib import Path

import msgspec

from benchrace.config.central import ARTIFACT_MIB, ARTIFACTS_MIB, Watching
from benchrace.config.retention import RetentionLimits
from benchrace.protocol.liveness import KeepAlive
from benchrace.tls.server import ServerTls
from benchrace.web.serving import is_loopback


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time limits, in seconds, after which central goes on.

    `patience_s`: how long a run waits for a machine that was lost in the middle of it.
    `arrival_s`: how long a run whose turn it is waits for its machines to be there.
    `keep_waiting_s`: how long one machine may keep the others waiting at a later start line.
    `lend_s`: how long a machine may take to offer what it lends; its agent has a limit of its own.
    `without_worker_s`: how long a round may continue after one of its worker machines is lost.
    `end_s`: how long a cancelled job may take to end.
    `describe_s`: how long a new run waits for plugins that are being described.
    """

    patience_s: float = 30.0
    arrival_s: float = 60.0
    keep_waiting_s: float = 30.0
    lend_s: float = 150.0
    without_worker_s: float = 10.0
    end_s: float = 30.0
    hello_s: float = 10.0
    describe_s: float = 10.0
    send_s: float = 30.0
    probe_s: float = 60.0
    preflight_s: float = 60.0
    calibrate_s: float = 300.0
    spread_s: float = 0.05
    ack_s: float = 0.1
    retry_s: float = 1.0
    tick_s: float = 0.25
    max_queued: int = 200


class ArtifactLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest artifact that is fetched from its machine, and a run's in total."""

    file_bytes: int = ARTIFACT_MIB << 20
    run_bytes: int = ARTIFACTS_MIB << 20


class CentralSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`token` is the agent token; without it, one is generated.

    `insecure` lets people in without a token on an address that others reach; `require_token`
    asks them on loopback too. `operator_token` and `watch_token` are what they show.
    `service_token` starts and stops services over HTTP, also where no other token is required.
    `config` is the configuration folder, None for the usual one. Without `tls`, central serves
    plain HTTP. Without `dials`, no machine of `machines.yaml` is dialled. `mdns` announces this
    central where others reach it, and looks for agents that have none. A `temporary` one is a
    command's own, and ends with it.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    token: str | None = None
    insecure: bool = False
    require_token: bool = False
    operator_token: str | None = None
    watch: Watching = Watching.NOBODY
    watch_token: str | None = None
    service_token: str | None = None
    hosts: tuple[str, ...] = ()
    config: Path | None = None
    tls: ServerTls | None = None
    dials: bool = True
    mdns: bool = True
    temporary: bool = False
    limits: Limits = Limits()
    artifacts: ArtifactLimits = ArtifactLimits()
    keep_alive: KeepAlive = KeepAlive()
    retention: RetentionLimits = RetentionLimits()

    @property
    def asks(self) -> bool:
        """Check whether people need a token."""
        return self.require_token or not (self.insecure or is_loopback(self.host))
