"""Start processes so that a cancelled task leaves no zombie."""

from collections.abc import Sequence
from typing import Any

import anyio
from anyio.abc import Process


async def start_process(command: Sequence[str], **options: Any) -> Process:
    """Start a process with the options of `anyio.open_process`; raises `OSError`.

    A cancel takes effect once the process has started, so that the caller can end it. Within
    `anyio.open_process` it would kill the process, but leave it a zombie with open pipes.
    """
    with anyio.CancelScope(shield=True):
        process = await anyio.open_process(command, **options)  # noqa: TID251
    return process  # noqa: RET504 - mypy: a cancel scope may end its block.
