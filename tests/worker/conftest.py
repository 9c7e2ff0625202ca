"""Jobs of the scripted backend, in real processes."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from benchrace.plugin.host.entry_points import PluginRef
from benchrace.protocol.job import JobSpec
from benchrace.testing import (
    JobResult,
    Worker,
    job,
    job_lane,
    job_order,
    job_spec,
    plugin_ref,
    run_job,
)
from benchrace.worker.stream.factory import WorkerStreams
from tests.worker.forked import start_worker

Run = Callable[..., JobResult]
Start = Callable[..., Worker]


@pytest.fixture(autouse=True, scope="module")
def _forked_workers() -> Iterator[None]:
    """Start no interpreter for each worker: that takes longer than its work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "start_worker", start_worker)
        yield


@pytest.fixture
def plugins() -> tuple[PluginRef, ...]:
    return (plugin_ref("benchrace.testing.scripted"),)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return a server's side of TLS, whose certificate this process trusts."""
    authority = trustme.CA()
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
async def streams() -> AsyncIterator[WorkerStreams]:
    streams = WorkerStreams()
    yield streams
    streams.close()


@pytest.fixture
def run(tmp_path: Path, plugins: tuple[PluginRef, ...]) -> Run:
    """Run a job of one lane for each set of parameters, to its end."""

    def run(*params: dict[str, Any], **plan: Any) -> JobResult:
        return run_job(scripted(*params, **plan), tmp_path, plugins)

    return run


@pytest.fixture
def order(tmp_path: Path, plugins: tuple[PluginRef, ...]) -> Callable[..., Any]:
    """Make the order of such a job."""

    def order(*params: dict[str, Any], **plan: Any) -> Any:
        return job_order(scripted(*params, **plan), tmp_path, plugins)

    return order


def scripted(*params: dict[str, Any], **plan: Any) -> JobSpec:
    lanes = [job_lane(index, "scripted", values) for index, values in enumerate(params or ({},))]
    return job_spec("scripted", lanes, **plan)
