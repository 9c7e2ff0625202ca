"""The machine in a failure of a lane that several machines make."""

import msgspec

from benchrace.errors import Failure


def of_machine(label: str, failure: Failure) -> Failure:
    """Return a failure that begins with the machine that it is of."""
    if failure.message.startswith(f"{label}: "):
        return failure
    return msgspec.structs.replace(failure, message=f"{label}: {failure.message}")
