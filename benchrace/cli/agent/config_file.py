"""`benchrace agent init`: write a commented `agent.yaml`."""

from pathlib import Path

from benchrace import permissions
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput

TEXT = """\
# Settings of this machine's agent. Every line is optional; `benchrace doctor` checks the file.
# Flags of `benchrace agent` override environment variables, which override this file.

# Its permanent name in the fleet: 1 to 64 of A-Z a-z 0-9 . _ -
machine_id: {machine_id}
# Its display name.
# label: The big one under the desk

# Where it listens. Any address other than loopback needs `central_token`.
# bind_host: 127.0.0.1
# bind_port: 9001
# Host names that it answers to, besides its addresses.
# allowed_hosts: [desk.local]

# The central to link to, and the agent token that it printed on its first start. Omit both after
# `benchrace agent join`, which stores them in joined.json beside this file.
# BENCHRACE_TOKEN in the environment keeps the token out of this file.
# central_base_url: http://192.168.1.10:8080
# central_token:
# For a central with TLS (https): its CA, if the system does not trust it, and the certificate to
# present if central requires one.
# central_ca: ca.pem
# client_cert: tls/agent.pem
# client_key: tls/agent-key.pem

# Seconds between samples of CPU, memory and GPU while a job runs; 0 disables sampling.
# sampling_s: 0.5

# Central can set these too (`benchrace machines settings`); a value here overrides central's.
# heartbeat_interval_s: 60
# keep_jobs: 200
# after_run: keep
# models_dir: /var/lib/models

# Where requests about jobs may go, and the file with the secret that signs them.
# callbacks:
#   allowed_hosts: [hooks.example]
#   secret_file: callbacks.secret

# Measure alongside other agents on this host: for simulations only.
# share_host: false

# Corrections to hardware detection; results are marked with them.
# hardware:
#   cpu_model: null
#   memory_bytes: null

# Each backend has its own table, under its name: `benchrace plugins` lists them.
"""


def write(path: Path, machine_id: str) -> None:
    """Write the file; raises where there is one already, or where it cannot be written."""
    try:
        permissions.make_folder(path.parent)
        # The file may hold a token later.
        path.touch(mode=permissions.FILE, exist_ok=False)
        path.write_text(TEXT.format(machine_id=machine_id))
    except FileExistsError as error:
        raise InvalidInput(
            FieldError("", f"{path} already exists"),
            "Edit it, or choose another folder with --config-dir.",
        ) from error
    except OSError as error:
        raise BenchraceError(
            Category.SYSTEM,
            f"cannot write {path}: {error.strerror or error}",
            "Choose another folder with --config-dir or BENCHRACE_CONFIG_DIR.",
        ) from error
