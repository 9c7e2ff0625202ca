"""Common names of processor features and of ARM cores."""

_X86 = (
    *("sse4_2", "popcnt", "aes", "avx", "avx2", "fma", "f16c", "bmi2", "sha_ni", "avx_vnni"),
    *("amx_int8", "amx_bf16", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16"),
    *("avx512_fp16", "avx512_vpopcntdq"),
)
_ARM = ("aes", "atomics", "sha2", "sha3", "i8mm", "bf16", "sve", "sve2", "sme", "sme2")
_KEEP = frozenset(_X86 + _ARM)
# Linux's names on arm64 that are not used elsewhere.
_ALSO = {"asimd": "neon", "asimddp": "dotprod", "asimdhp": "fp16", "avx512f": "avx512"}

# The part numbers of the Main ID Register, from the cores' reference manuals.
_ARM_PARTS = {
    "0xd03": "Cortex-A53",
    "0xd04": "Cortex-A35",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73",
    "0xd0a": "Cortex-A75",
    "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse-N1",
    "0xd40": "Neoverse-V1",
    "0xd41": "Cortex-A78",
    "0xd42": "Cortex-A78AE",
    "0xd44": "Cortex-X1",
    "0xd46": "Cortex-A510",
    "0xd47": "Cortex-A710",
    "0xd48": "Cortex-X2",
    "0xd49": "Neoverse-N2",
    "0xd4d": "Cortex-A715",
    "0xd4e": "Cortex-X3",
    "0xd4f": "Neoverse-V2",
    "0xd80": "Cortex-A520",
    "0xd81": "Cortex-A720",
    "0xd82": "Cortex-X4",
    "0xd83": "Neoverse-V3AE",
    "0xd84": "Neoverse-V3",
    "0xd85": "Cortex-X925",
    "0xd87": "Cortex-A725",
    "0xd8e": "Neoverse-N3",
}
_IMPLEMENTERS = {
    "0x41": "ARM",
    "0x42": "Broadcom",
    "0x43": "Cavium",
    "0x46": "Fujitsu",
    "0x48": "HiSilicon",
    "0x4e": "NVIDIA",
    "0x50": "Ampere",
    "0x51": "Qualcomm",
    "0x61": "Apple",
    "0xc0": "Ampere",
}


def features(flags: list[str]) -> tuple[str, ...]:
    """Select the flags that decide which kernels run, sorted, under their common names."""
    chosen = {flag for flag in flags if flag in _KEEP}
    chosen.update(_ALSO[flag] for flag in flags if flag in _ALSO)
    return tuple(sorted(chosen))


def arm_model(implementer: str, part: str) -> str:
    """Return the name of an ARM core by its ids; an unlisted one keeps its number."""
    vendor = _IMPLEMENTERS.get(implementer, implementer)
    if implementer == "0x41" and part in _ARM_PARTS:
        return _ARM_PARTS[part]
    return f"{vendor} {part}"


def arm_vendor(implementer: str | None) -> str | None:
    """Return the vendor of an ARM core; None for other processors."""
    return None if implementer is None else _IMPLEMENTERS.get(implementer, implementer)
