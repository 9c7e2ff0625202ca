"""What the scripted machines of these tests offer."""

from benchrace.kinds import Better, Metric
from benchrace.plugin.description import BackendDescription, WorkloadDescription
from benchrace.plugin.workload import Drawing
from benchrace.protocol.capabilities import BackendStatus, Capabilities
from benchrace.telemetry.environment import Environment, EnvironmentKind, Power
from benchrace.telemetry.hardware import AcceleratorType, Cpu, Hardware, Memory, OperatingSystem

TOKEN = "the agent token of these tests"

WORKLOAD = WorkloadDescription(
    kind="work",
    title="Work",
    params_schema={
        "type": "object",
        "properties": {"n": {"type": "integer"}, "threads": {"type": "integer", "default": 1}},
    },
    metrics=(Metric(name="speed", title="Speed", unit="1/s", better=Better.HIGHER, headline=True),),
    metrics_version=1,
    presets={},
    automatic="n",
    saturates=(),
    drawing=Drawing.PROGRESS,
    together=True,
)


def capabilities(machine_id: str) -> Capabilities:
    backend = BackendDescription(name="fake", title="Fake", version="1", workloads=(WORKLOAD,))
    return Capabilities(
        machine_id=machine_id,
        label=machine_id.title(),
        version="0",
        fingerprint=machine_id,
        hardware=Hardware(
            cpu=Cpu(architecture="x86_64", usable_threads=6),
            memory=Memory(),
            accelerator_type=AcceleratorType.CPU,
            os=OperatingSystem(),
        ),
        environment=Environment(
            kind=EnvironmentKind.NATIVE, layers=(EnvironmentKind.NATIVE,), power=Power()
        ),
        backends=(BackendStatus(description=backend, plugin="fake", reachable=True),),
    )
