"""Inspect Ollama's processes on this machine, as far as permissions allow."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import psutil

from benchrace.plugin import Context, Whereabouts, listeners

# Variables that affect speed or memory; none that could be a secret.
NAMES = (
    "OLLAMA_NUM_PARALLEL",
    "OLLAMA_KV_CACHE_TYPE",
    "OLLAMA_FLASH_ATTENTION",
    "OLLAMA_CONTEXT_LENGTH",
    "OLLAMA_MAX_LOADED_MODELS",
    "OLLAMA_GPU_OVERHEAD",
    "OLLAMA_SCHED_SPREAD",
    "OLLAMA_NEW_ENGINE",
    "OLLAMA_LLM_LIBRARY",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
)


def holding(blob: str) -> list[int]:
    """Return the processes that were started with this file of the store. Blocks."""
    return [process.pid for process in psutil.process_iter() if _holds(process, blob)]


def environment(url: str) -> Mapping[str, str] | None:
    """Return the environment variables `NAMES` of the server at `url`. Blocks.

    None if they cannot be read, as for the service of another user.
    """
    try:
        for listener in listeners(urlsplit(url).port or 0):
            if listener.pid is not None:
                environ = psutil.Process(listener.pid).environ()
                return {name: environ[name] for name in NAMES if name in environ}
    except psutil.Error:
        return None
    return None


async def environment_of(
    url: str, where: Whereabouts, context: Context
) -> Mapping[str, str] | None:
    """Return the environment of the server at `url`, if its process can be inspected here."""
    if where.elsewhere is not None:
        return None
    return await context.run_blocking(lambda: environment(url))


def _holds(process: psutil.Process, blob: str) -> bool:
    try:
        return any(word.endswith(blob) for word in process.cmdline())
    except psutil.Error:
        return False
