"""`benchrace agent init`: a first `agent.yaml`, with everything in it explained."""

from pathlib import Path

from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput

TEXT = """\
# What this machine's agent is told. Every line may be left out; `benchrace doctor` checks the file.
# Flags of `benchrace agent` win over the environment, and that over this file.

# Its name in the fleet, for good: 1 to 64 of A-Z a-z 0-9 . _ -
machine_id: {machine_id}
# What people see of it.
# label: The big one under the desk

# Where it listens. Any address but a loopback one needs `central_token`.
# bind_host: 127.0.0.1
# bind_port: 9001

# The central it dials, and the token that central showed when it first started.
# BENCHRACE_TOKEN in the environment serves as well, and is in no file.
# central_base_url: http://central.local:8080
# central_token:

# Seconds between samples of CPU, memory and GPU while a job runs; 0 takes none.
# sampling_s: 0.5

# Let this agent measure beside other agents of this host: for simulations only.
# share_host: false

# What detection gets wrong; what is said here wins, and results say so.
# hardware:
#   cpu_model: null
#   memory_bytes: null

# Each backend has a table of its own, under its name: `benchrace plugins` lists them.
"""


def write(path: Path, machine_id: str) -> None:
    """Write the file; raises where there is one already, or where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It is made to hold a token some day.
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(TEXT.format(machine_id=machine_id))
    except FileExistsError as error:
        raise InvalidInput(
            FieldError("", f"{path} exists already, and stays as it is"),
            "Edit it, or name another folder with --config-dir.",
        ) from error
    except OSError as error:
        raise BenchraceError(
            Category.SYSTEM,
            f"{path} cannot be written: {error.strerror or error}",
            "Name another folder with --config-dir or BENCHRACE_CONFIG_DIR.",
        ) from error
