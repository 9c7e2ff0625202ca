"""Foreign plugins, installed from outside of the tree: good ones work, broken ones are values."""

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from benchrace.errors import Category
from benchrace.events import JobDone, JobError, LaneError, Progress, RoundDone
from benchrace.plugin.description import PluginDescription
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.host.name_conflicts import reject_conflicts
from benchrace.protocol.agent_worker import DescribeOrder, WorkerSetup
from benchrace.testing import Worker, ask, job_lane, job_spec, run_job

pytestmark = pytest.mark.slow

Install = Callable[..., tuple[PluginRef, ...]]
EXAMPLE = Path(__file__).parents[2] / "docs/examples/benchrace-hashing"
GOOD = """
from benchrace.plugin import *

class Good(Backend):
    name, title, workloads = "good", "Good", (Workload(kind=COMPUTE),)

    async def round(self, lane, context):
        return ComputeRecord(
            algorithm="none", n=lane.params.n, threads_requested=1, threads_used=1,
            primes_found=4, primes_expected=None, elapsed_ns=1000, blocks=1, cpu_tier="none",
        )

@hookimpl
def benchrace_backends():
    return [Good]
"""
HOOK = "from benchrace.plugin import *\n@hookimpl\ndef benchrace_backends():\n"
BROKEN = {
    "import_error": ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
    "syntax_error": ("def f(:\n", "SyntaxError"),
    "exits": ("import sys\nsys.exit(7)", "SystemExit: 7"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises": (HOOK + "    raise ZeroDivisionError('in the hook')", "in the hook"),
    "exits_in_hook": (HOOK + "    raise SystemExit(1)", "SystemExit: 1"),
    "no_class": (HOOK + "    return [42]", "expected a subclass of Backend"),
    "none": (HOOK + "    return None", "offers nothing"),
    "text": (HOOK + "    return 'backend'", "return a list"),
    "misspelt": (GOOD.replace("def benchrace_backends", "def benchrace_backend"), "did you mean"),
    "unmarked": (GOOD.replace("@hookimpl", ""), "put @hookimpl above it"),
    "empty": ("x = 1", "offers nothing"),
    "abstract": (
        HOOK + "    class A(Backend):\n        name, title, workloads = 'a', 'A', "
        "(Workload(kind=COMPUTE),)\n    return [A]",
        "lacks round",
    ),
    "no_config": (
        GOOD.replace(
            "    async def round",
            "    def __init__(self):\n        super().__init__(None)\n\n    async def round",
        ),
        "Good.__init__ cannot be called with the configuration",
    ),
    "bad_name": (GOOD.replace('"good"', '"a/../b"'), "use 1-64 of"),
    "no_title": (GOOD.replace('"Good"', '""'), "use a title for people"),
    "no_workload": (GOOD.replace("(Workload(kind=COMPUTE),)", "()"), "at least one Workload"),
    "own_compute": (
        GOOD.replace(
            "Workload(kind=COMPUTE)",
            "Workload(kind=Kind(name='compute', title='x', params=ComputeParams, "
            "record=ComputeRecord, metrics=COMPUTE.metrics, derive=COMPUTE.derive))",
        ),
        "built in",
    ),
    "no_metric_name": (
        GOOD.replace(
            "Workload(kind=COMPUTE)",
            "Workload(kind=Kind(name='k', title='x', params=ComputeParams, record=ComputeRecord, "
            "metrics=(Metric(name='', title='', unit='', better=Better.HIGHER),), derive=print))",
        ),
        "needs a name and a title",
    ),
    "no_direction": (
        GOOD.replace(
            "Workload(kind=COMPUTE)",
            "Workload(kind=Kind(name='k', title='x', params=ComputeParams, record=ComputeRecord, "
            "metrics=(Metric(name='m', title='M', unit='', better=Better.NONE, headline=True),), "
            "derive=print))",
        ),
        "the headline metric 'm' has no better direction: set `better`",
    ),
    "kind_of_compute": (
        (
            "from benchrace.plugin import *\n@hookimpl\ndef benchrace_kinds():\n    return [Kind("
            "name='compute', title='x', params=ComputeParams, record=ComputeRecord, "
            "metrics=COMPUTE.metrics, derive=COMPUTE.derive)]"
        ),
        "built in",
    ),
    "no_schema": (
        GOOD.replace("class Good", "class P(ComputeParams):\n    f: object = 1\n\nclass Good")
        .replace("kind=COMPUTE)", "kind=COMPUTE, params=P)")
        .replace("object", "Backend"),
        "it cannot be described",
    ),
    "bad_unit": (
        GOOD.replace(
            "Workload(kind=COMPUTE)",
            "Workload(kind=Kind(name='k', title='x', params=ComputeParams, record=ComputeRecord, "
            "metrics=(Metric(name='m', title='M', unit=5, better=Better.HIGHER, headline=True),), "
            "derive=print))",
        ),
        "it cannot be described",
    ),
    "bad_preset": (
        GOOD.replace("kind=COMPUTE)", "kind=COMPUTE, presets={'p': {'n': -1}})"),
        "preset 'p': n:",
    ),
    "bad_automatic": (
        GOOD.replace("kind=COMPUTE)", "kind=COMPUTE, automatic='m')"),
        "unknown parameter 'm'",
    ),
}


def described(ref: PluginRef, environment: Mapping[str, str]) -> PluginDescription:
    reply = ask(DescribeOrder(setup=WorkerSetup(plugins=(ref,))), environment)
    assert reply is not None
    assert reply.failure is None
    return msgspec.convert(reply.result, PluginDescription)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_described_as_broken(
    name: str, install: Install, environment: Mapping[str, str]
) -> None:
    source, error = BROKEN[name]
    (ref,) = install(name, source)
    plugin = described(ref, environment)
    assert not plugin.ok
    assert error in (plugin.error or "")
    assert plugin.backends == ()
    assert (plugin.distribution, plugin.version) == (name, "1.0")


def test_an_error_of_the_plugin_comes_with_its_traceback(
    install: Install, environment: Mapping[str, str]
) -> None:
    (ref,) = install("raises", BROKEN["raises"][0])
    plugin = described(ref, environment)
    assert "benchrace_backends" in (plugin.traceback or "")
    assert "ZeroDivisionError" in (plugin.traceback or "")


def test_where_a_plugin_hangs_is_on_the_error_output_of_its_worker(
    install: Install, environment: Mapping[str, str]
) -> None:
    source = "import time\ndef wait_for_server():\n    time.sleep(3600)\nwait_for_server()"
    (ref,) = install("hangs", source)
    with Worker(
        DescribeOrder(setup=WorkerSetup(plugins=(ref,)), limit_s=0.1), environment
    ) as worker:
        assert worker.process.stderr is not None
        while "in wait_for_server" not in worker.log:
            assert worker.process.poll() is None
            time.sleep(0.01)


def test_a_plugin_that_aborts_ends_its_own_process_alone(
    install: Install, environment: Mapping[str, str]
) -> None:
    (ref,) = install("aborts", "import os\nos.abort()")
    assert ask(DescribeOrder(setup=WorkerSetup(plugins=(ref,))), environment) is None


def test_output_that_a_plugin_prints_is_not_taken_for_an_answer(
    install: Install, environment: Mapping[str, str]
) -> None:
    (ref,) = install("prints", "import os\nprint('{}')\nos.write(1, b'{}\\n')\n" + GOOD)
    assert described(ref, environment).ok


def test_two_backends_of_one_name_are_both_refused(
    install: Install, environment: Mapping[str, str], tmp_path: Path
) -> None:
    install("one", GOOD)
    refs = install("two", GOOD)
    for plugin in reject_conflicts([described(ref, environment) for ref in refs]):
        assert "one 1.0" in (plugin.error or "")
        assert "two 1.0" in (plugin.error or "")
        assert plugin.backends == ()
    done = run_job(
        job_spec("compute", [job_lane(0, "good")]), tmp_path, refs, environment=environment
    )
    assert isinstance(done.end, JobError)
    assert "duplicate backend 'good'" in done.end.payload.message


def test_two_plugins_of_one_name_are_both_refused(
    install: Install, environment: Mapping[str, str]
) -> None:
    install("one", GOOD, "same")
    refs = install("two", GOOD.replace('"good"', '"other"'), "same")
    plugins = reject_conflicts([described(ref, environment) for ref in refs])
    assert all("plugin 'same' from one 1.0" in (plugin.error or "") for plugin in plugins)


def test_a_broken_plugin_does_not_disturb_a_good_one(
    install: Install, environment: Mapping[str, str], tmp_path: Path
) -> None:
    install("exits", BROKEN["exits"][0])
    refs = install("good", GOOD)
    spec = job_spec("compute", [job_lane(0, "good", {"n": 7})])
    done = run_job(spec, tmp_path, refs, environment=environment)
    assert isinstance(done.end, JobDone)
    assert done.end.payload.metrics["n"] == 7


def test_a_lane_of_a_broken_plugin_says_why(
    install: Install, environment: Mapping[str, str], tmp_path: Path
) -> None:
    refs = install("exits", BROKEN["exits"][0])
    done = run_job(
        job_spec("compute", [job_lane(0, "good")]), tmp_path, refs, environment=environment
    )
    (lane,) = done.of(LaneError)
    assert lane.payload.error.category is Category.PLUGIN_ERROR
    assert "SystemExit: 7" in lane.payload.error.message
    assert done.end.payload.category is Category.PLUGIN_ERROR


def test_the_example_is_short_and_imports_only_the_plugin_api() -> None:
    source = (EXAMPLE / "benchrace_hashing.py").read_text()
    assert len([line for line in source.splitlines() if line.strip()]) <= 60
    assert [line for line in source.splitlines() if "benchrace" in line and "import" in line] == [
        "from benchrace import plugin as race"
    ]


def test_the_example_races(
    install: Install, environment: Mapping[str, str], tmp_path: Path
) -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    (entry,) = project["entry-points"]["benchrace"]
    (ref,) = install("benchrace_hashing", (EXAMPLE / "benchrace_hashing.py").read_text(), entry)
    plugin = described(ref, environment)
    assert plugin.error is None
    (workload,) = plugin.backends[0].workloads
    assert workload.params_schema["properties"]["algorithm"]["title"] == "Algorithm"
    assert workload.params_schema["properties"]["mib"]["default"] == 256
    lanes = [
        job_lane(0, "hashlib", {"mib": 2}),
        job_lane(1, "hashlib", {"mib": 2, "algorithm": "md5"}),
    ]
    done = run_job(job_spec("hashing", lanes), tmp_path, [ref], environment=environment)
    assert isinstance(done.end, JobDone), done.end
    rates = [done.end.payload.metrics[f"lane-{index}.rate"] for index in (0, 1)]
    assert all(isinstance(rate, float) and rate > 0 for rate in rates)
    assert {event.payload.record["mib"] for event in done.of(RoundDone)} == {2}
    assert done.of(Progress)[-1].payload.done == 2


def test_installed_plugins_are_listed_without_being_imported(
    install: Install, environment: Mapping[str, str]
) -> None:
    install("zoo", "import sys\nsys.exit(7)")
    install("ant", "import no_such_module_at_all")
    code = (
        "from benchrace.plugin.host.entry_points import discover\n"
        "print(*(ref.identity for ref in discover()), sep='\\n')"
    )
    listed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {"ant=ant_module@ant-1.0", "zoo=zoo_module@zoo-1.0"} <= set(listed)
    assert listed == sorted(listed)
