"""Requests and answers about an agent: its health, status, samples and loans."""

import msgspec

from benchrace.api.jobs import JobSummary
from benchrace.events.payloads import RuntimeSamplePayload

LINKED = "linked"
LENT = "in use by a command on this machine"


class AgentHealth(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    machine_id: str
    label: str
    busy: bool
    version: str


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    total_bytes: int
    free_bytes: int


class AgentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`running` is the job that measures; `central` the link's state in words.

    `central_url` is the central that this agent belongs to, null for none.
    """

    name: str
    machine_id: str
    version: str
    running: JobSummary | None
    storage: Storage
    central: str
    central_url: str | None = None


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A sample with its wall time and the job that ran, null where none did."""

    timestamp_s: float
    job_id: str | None
    sample: RuntimeSamplePayload


class RuntimeMetrics(msgspec.Struct, frozen=True, kw_only=True):
    machine_id: str
    samples: tuple[Sample, ...]


class LoanRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The central to work for, which must be on this machine, and the agent token there."""

    central: str
    token: str | None = None
