"""The processes that hold models on this machine, as far as they can be seen."""

import psutil


def holding(blob: str) -> list[int]:
    """Give the processes that were started with this file of the store. Blocks."""
    return [process.pid for process in psutil.process_iter() if _holds(process, blob)]


def _holds(process: psutil.Process, blob: str) -> bool:
    try:
        return any(word.endswith(blob) for word in process.cmdline())
    except psutil.Error:
        return False
