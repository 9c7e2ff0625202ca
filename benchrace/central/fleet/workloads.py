"""Descriptions of workloads, encoded once and named by their digest."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from benchrace.plugin.description import BackendDescription

# By backend and kind.
Described = Mapping[tuple[str, str], "EncodedWorkload"]


@dataclass(frozen=True)
class EncodedWorkload:
    """A description as JSON, and the SHA-256 of that."""

    digest: str
    data: bytes


def describe(backends: Iterable[BackendDescription]) -> Described:
    """Encode the descriptions of a machine's backends."""
    return {
        (backend.name, workload.kind): _encode(msgspec.json.encode(workload))
        for backend in backends
        for workload in backend.workloads
    }


def _encode(data: bytes) -> EncodedWorkload:
    return EncodedWorkload(hashlib.sha256(data).hexdigest(), data)
