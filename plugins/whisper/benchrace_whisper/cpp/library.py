"""pywhispercpp: what is loaded, and what whisper.cpp says about it in its log."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import _pywhispercpp as binding

# The log's receiver is the whole process's; lanes take turns, and questions have their own.
_LOCK = threading.Lock()
_FALLBACKS = re.compile(r"fallbacks\s*=\s*(\d+)\s*p\s*/\s*(\d+)\s*h")
# The CPU's own libraries, such as BLAS, are backends as well.
_GPU = re.compile(r"whisper_backend_init_gpu: using (?:device )?(\S+)")
# A backend or a device that cannot be used is named as well, and loading goes on without it.
_NOT_LOADED = re.compile(
    r"^whisper_(?:model_load|init_\w+): .*"
    r"(?:failed|invalid model|not all tensors|unknown tensor|has wrong)",
    re.MULTILINE,
)
_LOADED = re.compile(r"model size\s*=\s*([\d.]+) MB")


@contextmanager
def log() -> Iterator[list[str]]:
    """Collect the log's lines; the receiver is always removed, as it must not outlive Python."""
    lines: list[str] = []

    def receive(_level: int, text: str) -> None:
        lines.append(text)

    with _LOCK:
        binding.whisper_log_set(receive)
        try:
            yield lines
        finally:
            binding.whisper_log_set(None)


def load_error(lines: list[str]) -> str | None:
    """Return why a model was not loaded, None if it was.

    whisper.cpp takes a file without weights for an empty model, and a missing part for a warning.
    """
    text = "".join(lines)
    if (bad := _NOT_LOADED.search(text)) is not None:
        return text[bad.start() :].partition("\n")[0].strip()
    size = _LOADED.search(text)
    if size is None or float(size[1]) == 0:
        return "it has no weights"
    return None


def gpu(lines: list[str]) -> str | None:
    """Return the GPU backend that a model was loaded with, None on the CPU."""
    match = _GPU.search("".join(lines))
    return None if match is None else match[1]


def failure(lines: list[str]) -> str | None:
    """Return why a transcription failed, as the binding drops the status that it returns."""
    return next((line.strip() for line in lines if "failed to" in line.lower()), None)


def fallbacks(model: Any, lines: list[str]) -> int | None:
    """Return how many windows were decoded again since the timings were reset.

    `lines` are those of the log, which must be collected now.
    """
    binding.whisper_print_timings(model._ctx)
    match = _FALLBACKS.search("".join(lines))
    return None if match is None else int(match[1]) + int(match[2])


def reset_timings(model: Any) -> None:
    """Reset what `fallbacks` counts."""
    binding.whisper_reset_timings(model._ctx)


def is_multilingual(model: Any) -> bool:
    """Check whether a loaded model knows more than English."""
    return bool(binding.whisper_is_multilingual(model._ctx))


def language(model: Any) -> str | None:
    """Return the language of the last transcription as a code."""
    number = binding.whisper_full_lang_id(model._ctx)
    return binding.whisper_lang_str(number) if number >= 0 else None


def features() -> str:
    """Return what whisper.cpp was built with, as it prints it."""
    return str(binding.whisper_print_system_info()).strip()


def weight_type(model: Any) -> str:
    """Return the type of most weights, by ggml's names."""
    number = int(binding.whisper_model_ftype(model._ctx))
    return _TYPES.get(number, f"ftype {number}")


_TYPES = {
    0: "f32",
    1: "f16",
    2: "q4_0",
    3: "q4_1",
    7: "q8_0",
    8: "q5_0",
    9: "q5_1",
    10: "q2_k",
    11: "q3_k",
    12: "q4_k",
    13: "q5_k",
    14: "q6_k",
}
