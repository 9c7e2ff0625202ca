"""Jobs of the scripted backend, in real processes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchrace.plugin.entry_points import PluginRef
from benchrace.run.job import JobSpec
from benchrace.testing import JobResult, Worker, job_lane, job_order, job_spec, plugin_ref, run_job

Run = Callable[..., JobResult]
Start = Callable[..., Worker]


@pytest.fixture
def plugins() -> tuple[PluginRef, ...]:
    return (plugin_ref("benchrace.testing.scripted"),)


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
    lanes = [job_lane(index, "scripted", each) for index, each in enumerate(params or ({},))]
    return job_spec("scripted", lanes, **plan)
