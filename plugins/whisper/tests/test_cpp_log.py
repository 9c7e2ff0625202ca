"""What whisper.cpp's log says about a model that it has loaded, or has not."""

import pytest

pytest.importorskip("_pywhispercpp")

from benchrace_whisper.cpp.library import gpu, load_error

LOADED = "whisper_model_load: model size    =   77.11 MB\n"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "whisper_backend_init: failed to initialize BLAS backend",
        "whisper_backend_init_gpu: failed to initialize CUDA0 backend",
        "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected",
    ],
)
def test_a_model_without_a_backend_is_loaded(line: str) -> None:
    assert load_error([f"{line}\n", LOADED]) is None


@pytest.mark.parametrize(
    "line",
    [
        "whisper_init_from_file_with_params_no_state: failed to open 'x.bin'",
        "whisper_model_load: invalid model data (bad magic)",
        "whisper_model_load: unknown tensor 'x' in model file",
        "whisper_model_load: tensor 'x' has wrong size in model file",
        "whisper_model_load: ERROR not all tensors loaded from model file",
        "whisper_init_state: whisper_kv_cache_init() failed for self-attention cache",
        "whisper_init_state: failed to allocate the compute buffer",
    ],
)
def test_a_model_that_was_not_loaded_says_why(line: str) -> None:
    assert load_error(["whisper_init: begins\n", f"{line}\n", LOADED]) == line


@pytest.mark.parametrize("lines", [[], ["whisper_model_load: model size    =    0.00 MB\n"]])
def test_a_model_without_weights_is_not_loaded(lines: list[str]) -> None:
    assert load_error(lines) == "it has no weights"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("whisper_backend_init_gpu: using CUDA0 backend", "CUDA0"),
        ("whisper_backend_init_gpu: using device Metal (Apple M2)", "Metal"),
        ("whisper_backend_init: using BLAS backend", None),
        ("whisper_backend_init_gpu: no GPU found", None),
    ],
)
def test_only_a_gpu_is_one(line: str, name: str | None) -> None:
    assert gpu([line]) == name
