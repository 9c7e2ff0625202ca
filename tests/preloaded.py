"""Import what the tests' servers import, once, in the process that they are forked from."""

import importlib
import pkgutil

SERVERS = ("benchrace.agent", "benchrace.central", "benchrace.compat", "benchrace.web")
COMMANDS = ("benchrace.cli.main", "benchrace.cli.agent.agent", "benchrace.cli.central.central")
OTHERS = (
    "anyio._backends._asyncio",
    "benchrace.testing.scripted",
    "benchrace.worker.__main__",
    "benchrace.worker.job.job",
    "benchrace.worker.questions.questions",
    "benchrace_ui",
    "tests.agent.start_agent",
    "tests.faults.start_central",
)

for server in map(importlib.import_module, SERVERS):
    for module in pkgutil.walk_packages(server.__path__, f"{server.__name__}."):
        importlib.import_module(module.name)
for name in (*COMMANDS, *OTHERS):
    importlib.import_module(name)
# What a plugin imports of it is loaded then.
from benchrace.plugin import *  # noqa: E402, F403
