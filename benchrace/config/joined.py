"""The central that this machine has joined: a private file beside `agent.yaml`."""

from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.config.document import BadDocument
from benchrace.errors import FieldError
from benchrace.ids import MachineId
from benchrace.redaction import SECRETS

NAME = "joined.json"
_MAX_BYTES = 1 << 16


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is of this machine alone, which central knows as `machine_id`.

    `certificate` is the CA in PEM that is trusted for this central, and nothing else; it came with
    the invitation. `ca`, `client_cert` and `client_key` are absolute paths of PEM files.
    """

    central: str
    token: str
    machine_id: MachineId
    label: str | None = None
    certificate: str | None = None
    ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


def joined_path(config: Path) -> Path:
    """Return the path of the file in a configuration folder."""
    return config / NAME


def read_joined(path: Path) -> Joined | None:
    """Read the file, None where there is none; its token is redacted from then on. Blocks."""
    try:
        with path.open("rb") as file:
            joined = structs.decode(file.read(_MAX_BYTES), Joined)
    except FileNotFoundError:
        return None
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
        raise BadDocument(path, None, FieldError("", why)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = "is damaged: remove it, and join again with `benchrace agent join`"
        raise BadDocument(path, None, FieldError("", why)) from error
    SECRETS.add(joined.token)
    return joined
