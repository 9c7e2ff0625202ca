"""The page of configuration: each file's keys, older names, environment variables, places."""

import re
from pathlib import Path

from benchrace.compat.agent_config import RENAMES
from benchrace.config import paths
from benchrace.config.agent import AgentConfig
from benchrace.config.assets.catalog import FORMS, KINDS, CatalogFile
from benchrace.config.assets.sources import AssetsConfig, S3Config
from benchrace.config.callbacks import CallbackConfig
from benchrace.config.central import CentralConfig
from benchrace.config.explain import spelt
from benchrace.config.machines import MachineEntry, Machines
from benchrace.config.retention import RetentionLimits
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.telemetry.overrides import GpuOverride, HardwareOverrides
from docs.generator import structs
from docs.generator.markdown import docstring, page, table

HEAD = """\
Nothing has to be configured: every key has a default. A command-line flag overrides the
environment, the environment overrides the file, and the file overrides the default. An
unknown key is an error that names the file, the line and the key, and suggests what was meant.
`benchrace doctor` prints which folders are used and checks `agent.yaml`."""

TABLES = """\
Every other top-level mapping is a backend's own table, under the backend's name; its keys are
those of the backend's `Config`. A table that no installed backend reads is a warning."""

CATALOG = f"""\
The files that a backend's engine is to have, in a file named after the backend. Each key has a list
of lines ({FORMS}), or of tables. See [Bring files onto machines](../how-to/assets.md)."""

SPECIFICATION = """\
The body of `POST /api/runs`, and the file that `benchrace run FILE` reads as TOML, YAML or JSON."""

VARIABLES = {
    "BENCHRACE_DATA_DIR": "where runs and jobs are stored",
    "BENCHRACE_CONFIG_DIR": "where the files below are read from",
    "BENCHRACE_TOKEN": "as `--token`: agent token for agent and central, otherwise operator token",
    "BENCHRACE_OPERATOR_TOKEN": "overrides `operator_token` of `central.yaml`",
    "BENCHRACE_WATCH_TOKEN": "overrides `watch_token` of `central.yaml`",
    "BENCHRACE_CA": "as `--ca`: PEM file of a CA that clients trust beside the system's",
    "BENCHRACE_CLIENT_CERT": "as `--client-cert`: certificate that clients present",
    "BENCHRACE_CLIENT_KEY": "as `--client-key`: key of that certificate",
    "SERVICE_CONTROL_TOKEN": "for central: allows starting and stopping services over HTTP",
    "AGENT_HOST": "overrides `bind_host` of `agent.yaml`",
    "AGENT_PORT": "overrides `bind_port` of `agent.yaml`",
    "CENTRAL_HOST": "overrides `bind_host` of `central.yaml`",
    "CENTRAL_PORT": "overrides `bind_port` of `central.yaml`",
    "BENCH_STREAM_FLUSH_CHARS": "text is shown in steps of this many characters (64)",
    "BENCH_STREAM_FLUSH_SECONDS": "text is shown at least this often, in seconds (0.1)",
    "OLLAMA_BASE_URL": "`base_url` of the table `ollama` in `agent.yaml`",
    "OLLAMA_HOST": "the same, by host",
    "OLLAMA_PORT": "the same, by port",
}
ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(
    r'"((?:BENCHRACE|BENCH)_[A-Z_]*[A-Z]|(?:AGENT|CENTRAL|OLLAMA)_(?:HOST|PORT)|[A-Z]+_BASE_URL|SERVICE_CONTROL_TOKEN)"'
)


def render() -> str:
    """Render the page."""
    return page(
        "Configuration",
        HEAD,
        "## Places",
        f"**Data.** {docstring(paths.data_dir)}",
        f"**Configuration.** {docstring(paths.config_dir)}",
        structs.section(AgentConfig, 2, "`agent.yaml`", without="tables"),
        structs.section(AssetsConfig, 3, "`assets`"),
        structs.section(S3Config, 3, "`assets.s3`"),
        structs.section(CallbackConfig, 3, "`callbacks`"),
        TABLES,
        structs.section(HardwareOverrides, 3, "`hardware`"),
        structs.section(GpuOverride, 3, "`hardware.gpus[]`"),
        "### Older keys",
        "Still accepted, and read as the key next to them:",
        table(
            ("older key", "is now"),
            ((f"`{old}`", f"`{spelt(new)}`") for old, new in RENAMES.items()),
        ),
        structs.section(CentralConfig, 2, "`central.yaml`"),
        structs.section(RetentionLimits, 3, "`retention`"),
        structs.section(Machines, 2, "`machines.yaml`"),
        structs.section(MachineEntry, 3, "`machines[]`"),
        "## `BACKEND.yaml`",
        CATALOG,
        table(("key", "kind of file"), ((f"`{key}`", kind) for key, kind in KINDS.items())),
        structs.section(CatalogFile, 3, "An entry as a table"),
        "## Environment",
        table(("variable", "meaning"), ((f"`{name}`", VARIABLES[name]) for name in variables())),
        "## A run's specification",
        SPECIFICATION,
        structs.section(RunSpec, 3, "The run"),
        structs.section(LaneSpec, 3, "`lanes[]`"),
    )


def variables() -> list[str]:
    """Find the environment variables that the code names, in the order of `VARIABLES`."""
    named = {
        name
        for path in (ROOT / "benchrace").rglob("*.py")
        for name in _NAMED.findall(path.read_text())
    }
    return sorted(named, key=list(VARIABLES).index)
