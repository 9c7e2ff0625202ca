"""NVIDIA's GPUs: by NVML, or by what else shows them where NVML does not answer."""

from benchrace.telemetry import plausible
from benchrace.telemetry.gpu.drm import card_gpu, cards
from benchrace.telemetry.gpu.nvml import NumberQuestion, Nvml, NvmlFault, TextQuestion
from benchrace.telemetry.hardware import Gpu, GpuKind, Notes
from benchrace.telemetry.machine_root import Root

_PROC = "/proc/driver/nvidia/gpus"
_UNKNOWN = ("uuid", "compute_capability", "driver_version", "power_limit_w")
_SHARED = "it shares the system's memory"


def nvidia_gpus(root: Root, memory: int | None, notes: Notes) -> tuple[Gpu, ...]:
    """List the GPUs; `memory` is the system's total, for those that share it."""
    try:
        root.nvml.open()
        try:
            driver, count = root.nvml.driver(), root.nvml.count()
            return tuple(_gpu(root, index, driver, memory, notes) for index in range(count))
        finally:
            root.nvml.close()
    except NvmlFault as fault:
        return _without_nvml(root, fault, memory, notes)


def _gpu(root: Root, index: int, driver: str, memory: int | None, notes: Notes) -> Gpu:
    where = f"gpus[{index}]"
    device = _GpuQuery(root.nvml, index, notes)
    name = device.text("name", TextQuestion.NAME)
    # An integrated GPU answers NOT_SUPPORTED, or 0 from older drivers.
    vram = device.number("vram_bytes", NumberQuestion.MEMORY_TOTAL) or None
    unified = vram is None and (memory is not None) and _is_integrated(root, name)
    if unified:
        notes.drop(f"{where}.vram_bytes")
        notes.say(f"{where}.vram_bytes", _SHARED)
    notes.need(f"{where}.vram_bytes", vram, "NVML answered 0")
    total = memory if unified else vram
    limit = device.number("power_limit_w", NumberQuestion.POWER_LIMIT_MW, per=1000)
    return Gpu(
        index=index,
        kind=GpuKind.NVIDIA,
        vendor="NVIDIA",
        name=name,
        uuid=device.text("uuid", TextQuestion.UUID),
        vram_bytes=vram,
        memory_bytes=notes.need(f"{where}.memory_bytes", total, "its size is unknown"),
        unified=unified,
        compute_capability=device.text("compute_capability", TextQuestion.COMPUTE_CAPABILITY),
        driver_version=driver,
        power_limit_w=None if limit is None else limit / 1000,
        ready=True,
    )


class _GpuQuery:
    """Queries about one GPU; a fault becomes a note and a null."""

    def __init__(self, nvml: Nvml, index: int, notes: Notes) -> None:
        self._nvml, self._index, self._notes = nvml, index, notes

    def text(self, field: str, question: TextQuestion) -> str | None:
        try:
            return self._nvml.text(self._index, question)
        except NvmlFault as fault:
            self._notes.say(f"gpus[{self._index}].{field}", fault.reason)
            return None

    def number(self, field: str, question: NumberQuestion, per: int = 1) -> int | None:
        """Return the answer, which is in units of which `per` make one of the field's."""
        try:
            value = self._nvml.number(self._index, question)
        except NvmlFault as fault:
            self._notes.say(f"gpus[{self._index}].{field}", fault.reason)
            return None
        if (why := plausible.reason(field, value if per == 1 else value / per)) is not None:
            self._notes.say(f"gpus[{self._index}].{field}", why)
            return None
        return value


def _is_integrated(root: Root, name: str | None) -> bool:
    """Recognize a chip with processor and GPU in one, by the GPU's name or the board's."""
    named = (name or "").lower()
    integrated = any(word in named for word in ("gb10", "orin", "thor", "xavier", "tegra"))
    return integrated or jetson(root) is not None


def jetson(root: Root) -> str | None:
    """Return the Jetson board's name; None on any other machine."""
    model = root.text("/proc/device-tree/model") or ""
    return model if "jetson" in model.lower() or root.exists("/etc/nv_tegra_release") else None


def _without_nvml(
    root: Root, fault: NvmlFault, memory: int | None, notes: Notes
) -> tuple[Gpu, ...]:
    """List what Linux itself shows, with the fault as the reason for all else."""
    board = jetson(root)
    if board is not None:
        return (_jetson_gpu(board, memory, fault, notes),)
    gpus: list[Gpu] = []
    names = [_proc_name(root, slot) for slot in root.names(_PROC)]
    for index, card in enumerate(card for card in cards(root) if card.kind is GpuKind.NVIDIA):
        for field in ("vram_bytes", "memory_bytes", *_UNKNOWN):
            notes.say(f"gpus[{index}].{field}", fault.reason)
        gpu = card_gpu(root, card, index, memory, notes)
        if gpu.name is None and index < len(names) and names[index]:
            notes.drop(f"gpus[{index}].name")
            gpu = _renamed(gpu, names[index])
        gpus.append(gpu)
    if not gpus:
        notes.say("gpus", f"no card in /sys/class/drm, and {fault.reason}")
    return tuple(gpus)


def _renamed(gpu: Gpu, name: str | None) -> Gpu:
    return Gpu(index=gpu.index, kind=gpu.kind, vendor=gpu.vendor, name=name)


def _proc_name(root: Root, slot: str) -> str | None:
    for line in (root.text(f"{_PROC}/{slot}/information") or "").splitlines():
        key, _, value = line.partition(":")
        if key == "Model":
            return value.strip()
    return None


def _jetson_gpu(board: str, memory: int | None, fault: NvmlFault, notes: Notes) -> Gpu:
    notes.say("gpus[0].vram_bytes", _SHARED)
    notes.need("gpus[0].memory_bytes", memory, "the system's memory is unknown")
    for field in _UNKNOWN:
        notes.say(f"gpus[0].{field}", fault.reason)
    # A Jetson's CUDA needs no NVML: the board is proof of a driver in its kernel.
    return Gpu(
        index=0,
        kind=GpuKind.NVIDIA,
        vendor="NVIDIA",
        name=board,
        memory_bytes=memory,
        unified=True,
        ready=True,
    )
