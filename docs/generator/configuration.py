"""The page of configuration: each file's keys, older names, environment variables, places."""

import re
from collections.abc import Callable
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
    "BENCHRACE_CONFIG_DIR": "folder of the configuration files",
    "BENCHRACE_TOKEN": "as `--token`: agent token for agent and central, otherwise operator token",
    "BENCHRACE_OPERATOR_TOKEN": "overrides `operator_token` of `central.yaml`",
    "BENCHRACE_WATCH_TOKEN": "overrides `watch_token` of `central.yaml`",
    "BENCHRACE_CA": "as `--ca`: PEM file of a CA that clients trust in addition to the system's",
    "BENCHRACE_CLIENT_CERT": "as `--client-cert`: certificate that clients present",
    "BENCHRACE_CLIENT_KEY": "as `--client-key`: key of that certificate",
    "SERVICE_CONTROL_TOKEN": "for central: allows starting and stopping services over HTTP",
    "AGENT_HOST": "overrides `bind_host` of `agent.yaml`",
    "AGENT_PORT": "overrides `bind_port` of `agent.yaml`",
    "CENTRAL_HOST": "overrides `bind_host` of `central.yaml`",
    "CENTRAL_PORT": "overrides `bind_port` of `central.yaml`",
    "BENCH_STREAM_FLUSH_CHARS": "text is shown in steps of this many characters (64)",
    "BENCH_STREAM_FLUSH_SECONDS": "text is shown at least this often, in seconds (0.1)",
    "RESET_LOG_DIR": "folder of engines' logs and PID files [`engines` in the data folder]",
    "AWS_ACCESS_KEY_ID": "access key for S3, where `assets.s3` names no `credentials_file`",
    "AWS_SECRET_ACCESS_KEY": "the secret that belongs to it",
    "COMFYUI_BASE_URL": "overrides `base_url` of the table `comfyui` in `agent.yaml`",
    "OLLAMA_BASE_URL": "overrides `base_url` of the table `ollama` in `agent.yaml`",
    "OLLAMA_HOST": "the same, by host",
    "OLLAMA_PORT": "the same, by port",
    "OLLAMA_MODELS": "folder of Ollama's models, which the backend `llamacpp` can load as well",
    "OPENAI_BASE_URL": "server of the backend `openai`, where `agent.yaml` names none",
    "OPENAI_API_KEY": "API key of that server",
    "TRANSCRIPTION_BASE_URL": "overrides `base_url` of the table `transcription-server`",
    "TRANSCRIPTION_API_KEY": "API key of that server, where `agent.yaml` has none",
    "WHISPER_AUDIO": "further folders of audio files, separated by `:`",
    "WHISPER_MODELS": "overrides the folder of Whisper models in `agent.yaml`",
    "HF_ENDPOINT": "server to fetch Whisper models from, instead of the Hugging Face hub",
    "HF_HUB_CACHE": "folder of the Hugging Face cache, whose models `faster-whisper` finds",
    "HF_HOME": "folder that contains that cache as `hub` [`~/.cache/huggingface`]",
}
ROOT = Path(__file__).resolve().parents[2]
# Of a name: whose variable it is. A constant with such a name is an environment variable.
_NAMED = re.compile(
    r'"((?:BENCHRACE|BENCH|AGENT|CENTRAL|AWS|COMFYUI|HF|OLLAMA|OPENAI|RESET|SERVICE|TRANSCRIPTION|WHISPER)'
    r'_[A-Z_]*[A-Z])"'
)
# Read from an engine's process, not from that of benchrace; and an error code of older events.
FOREIGN = (
    "OLLAMA_CONTEXT_LENGTH",
    "OLLAMA_FLASH_ATTENTION",
    "OLLAMA_GPU_OVERHEAD",
    "OLLAMA_KV_CACHE_TYPE",
    "OLLAMA_LLM_LIBRARY",
    "OLLAMA_MAX_LOADED_MODELS",
    "OLLAMA_NEW_ENGINE",
    "OLLAMA_NUM_PARALLEL",
    "OLLAMA_SCHED_SPREAD",
    "RESET_REQUIRED",
)


def render() -> str:
    """Render the page."""
    return page(
        "Configuration",
        HEAD,
        "## Folders",
        f"**Data.** {_returned(paths.data_dir)}",
        f"**Configuration.** {_returned(paths.config_dir)}",
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
        for folder in (ROOT / "benchrace", *(ROOT / "plugins").glob("*/benchrace_*"))
        for path in folder.rglob("*.py")
        for name in _NAMED.findall(path.read_text())
        if not name.startswith(FOREIGN)
    }
    order = list(VARIABLES)
    return sorted(named, key=lambda name: (order.index(name) if name in VARIABLES else -1, name))


def _returned(function: Callable[..., Path]) -> str:
    """Return the docstring of a function as a description of what it returns."""
    text = docstring(function).removeprefix("Return ")
    return text[:1].upper() + text[1:]
