"""Ollama's processes on this machine, as far as they can be seen."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import psutil

# What changes speed or memory; nothing that could be a secret.
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
    """Give the processes that were started with this file of the store. Blocks."""
    return [process.pid for process in psutil.process_iter() if _holds(process, blob)]


def environment(url: str) -> Mapping[str, str] | None:
    """Give what the server at `url` was started with, by `NAMES`; None where that is not seen,
    as for the service of another user. Blocks.
    """
    try:
        for each in psutil.net_connections(kind="tcp"):
            listens = each.status == psutil.CONN_LISTEN and each.pid is not None
            if listens and each.laddr and each.laddr.port == urlsplit(url).port:
                given = psutil.Process(each.pid).environ()
                return {name: given[name] for name in NAMES if name in given}
    except psutil.Error:
        return None
    return None


def _holds(process: psutil.Process, blob: str) -> bool:
    try:
        return any(word.endswith(blob) for word in process.cmdline())
    except psutil.Error:
        return False
