"""Finding the GPU that a person means, and handing it to an engine by its vendor's means."""

import pytest

from benchrace.errors import InvalidInput
from benchrace.plugin.engine.device import Device, find

ONE = Device(index=0, kind="nvidia", number=0, uuid="GPU-aaaa1111-22", name="NVIDIA A100")
TWO = Device(index=1, kind="nvidia", number=1, uuid="GPU-aaaa2222-33", name="NVIDIA A100")
AMD = Device(index=2, kind="amd", number=0, name="Radeon")
HERE = (ONE, TWO, AMD)


@pytest.mark.parametrize(
    ("typed", "device"),
    [
        ("", None),
        ("  ", None),
        ("0", ONE),
        (" 1 ", TWO),
        ("GPU-aaaa1111-22", ONE),
        ("gpu-AAAA2222-33", TWO),
        ("GPU-aaaa2", TWO),
        ("2", AMD),
    ],
)
def test_a_gpu_is_found_by_number_and_uuid(typed: str, device: Device | None) -> None:
    assert find(typed, HERE) == device


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("3", "unknown GPU '3'; this machine has 0 (NVIDIA A100, GPU-aaaa1111-22); 1 ("),
        ("-1", "unknown GPU '-1'"),
        ("0,1", "unknown GPU '0,1'"),
        # Too short a prefix, and an ambiguous one.
        ("GPU-", "unknown GPU 'GPU-'"),
        ("GPU-aaaa", "ambiguous GPU 'GPU-aaaa'"),
    ],
)
def test_an_unknown_gpu_is_an_error_of_the_field_and_lists_the_gpus(typed: str, why: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        find(typed, HERE)
    (field,) = raised.value.fields
    assert field.path == "gpu"
    assert field.message.startswith(why)
    assert "leave the field empty" in raised.value.remedy


def test_a_machine_without_gpus_says_so() -> None:
    assert find("", ()) is None
    with pytest.raises(InvalidInput, match="unknown GPU '0': this machine has no GPU"):
        find("0", ())


def test_one_of_several_intel_gpus_cannot_be_selected() -> None:
    with pytest.raises(InvalidInput, match="cannot select one of several Intel GPUs"):
        find("0", (Device(index=0, kind="intel", number=0),))


def test_an_engine_sees_its_gpu_alone() -> None:
    nameless = Device(index=3, kind="nvidia", number=3)
    assert TWO.environment == {"CUDA_VISIBLE_DEVICES": "GPU-aaaa2222-33"}
    # Without a UUID the number is a place on the bus, as telemetry counts.
    assert nameless.environment == {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": "3",
    }
    assert AMD.environment == {"ROCR_VISIBLE_DEVICES": "0", "HIP_VISIBLE_DEVICES": "0"}
    assert Device(index=0, kind="apple", number=0).environment == {}
    assert (TWO.key, nameless.key, AMD.key) == ("GPU-aaaa2222-33", "nvidia-3", "amd-0")
