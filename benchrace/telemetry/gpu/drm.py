"""Graphics cards in /sys/class/drm, for drivers that report there: AMD's and Intel's."""

import re

import msgspec

from benchrace.telemetry.hardware import Gpu, GpuKind, Notes
from benchrace.telemetry.machine_root import Root, whole

_DRM = "/sys/class/drm"
_KFD = "/sys/class/kfd/kfd/topology/nodes"
_KINDS = {"0x1002": GpuKind.AMD, "0x8086": GpuKind.INTEL, "0x10de": GpuKind.NVIDIA}
_VENDORS = {GpuKind.AMD: "AMD", GpuKind.INTEL: "Intel", GpuKind.NVIDIA: "NVIDIA"}
# The gfx targets of AMD's processors with graphics: they work in system memory.
_APU_TARGETS = frozenset(
    {90002, 90012, 100303, 100305, 100306, 100307, 110003, 110500, 110501, 110502, 110503}
)
# Where Intel's integrated graphics always sits.
_INTEL_SLOT = "0000:00:02.0"
_INTEGRATED_VRAM = 1 << 32


class Card(msgspec.Struct, frozen=True):
    """One card's folder under /sys, and whose it is."""

    folder: str
    kind: GpuKind
    device: str


def cards(root: Root) -> tuple[Card, ...]:
    """List the cards of known makers in the kernel's order; a VM's display is left out."""
    cards_: list[Card] = []
    for name in root.names(_DRM):
        folder = f"{_DRM}/{name}/device"
        kind = _KINDS.get(root.text(f"{folder}/vendor") or "")
        if kind is not None and re.fullmatch(r"card[0-9]+", name):
            cards_.append(Card(folder, kind, root.text(f"{folder}/device") or ""))
    return tuple(cards_)


def card_gpu(root: Root, card: Card, index: int, memory: int | None, notes: Notes) -> Gpu:
    """Describe one card; `memory` is the system's total, for those that share it."""
    where = f"gpus[{index}]"
    node = _node(root, card)
    target = whole(node.get("gfx_target_version"))
    vram = root.number(f"{card.folder}/mem_info_vram_total") or None
    unified = _is_unified(root, card, target, vram)
    if unified:
        vram = None
        notes.say(f"{where}.vram_bytes", "it shares the system's memory")
    notes.need(f"{where}.vram_bytes", vram, "its driver does not report it in /sys")
    total = memory if unified else vram
    return Gpu(
        index=index,
        kind=card.kind,
        vendor=_VENDORS[card.kind],
        name=notes.need(f"{where}.name", _name(root, card), "no list of PCI names is installed"),
        uuid=notes.need(f"{where}.uuid", _uuid(root, card), "its driver reports none"),
        vram_bytes=vram,
        memory_bytes=notes.need(f"{where}.memory_bytes", total, "its size is unknown"),
        unified=unified,
        compute_capability=notes.need(
            f"{where}.compute_capability", gfx_name(target), "no compute driver answers for it"
        ),
        driver_version=notes.need(
            f"{where}.driver_version",
            root.text("/sys/module/amdgpu/version") if card.kind is GpuKind.AMD else None,
            "its driver is the kernel's own",
        ),
        power_limit_w=notes.need(
            f"{where}.power_limit_w", _power_limit(root, card), "its driver reports none"
        ),
        ready=card.kind is GpuKind.AMD and target is not None and root.exists("/dev/kfd"),
    )


def _power_limit(root: Root, card: Card) -> float | None:
    for name in root.names(f"{card.folder}/hwmon"):
        if (micro := root.number(f"{card.folder}/hwmon/{name}/power1_cap")) is not None:
            return micro / 1e6
    return None


def gfx_name(target: int | None) -> str | None:
    """Format a gfx target as compilers do: 110000 is gfx1100, 90010 is gfx90a."""
    if not target:
        return None
    major, minor, step = target // 10000, target // 100 % 100, target % 100
    return f"gfx{major}{minor:x}{step:x}"


def _is_unified(root: Root, card: Card, target: int | None, vram: int | None) -> bool:
    match card.kind:
        case GpuKind.INTEL:
            return f"PCI_SLOT_NAME={_INTEL_SLOT}" in (root.text(f"{card.folder}/uevent") or "")
        case GpuKind.AMD if target is not None:
            return target in _APU_TARGETS
        case GpuKind.AMD:
            # Without its compute driver only the size tells them apart: an APU has little.
            gtt = root.number(f"{card.folder}/mem_info_gtt_total") or 0
            return vram is not None and vram < _INTEGRATED_VRAM and gtt > vram
        case _:
            return False


def _node(root: Root, card: Card) -> dict[str, str]:
    """Find the compute driver's entry of a card, by its render device's number."""
    minors = {name.removeprefix("renderD") for name in root.names(f"{card.folder}/drm")}
    for name in root.names(_KFD) if card.kind is GpuKind.AMD else ():
        text = root.text(f"{_KFD}/{name}/properties") or ""
        pairs = (line.split(maxsplit=1) for line in text.splitlines())
        fields = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
        if fields.get("drm_render_minor") in minors:
            return fields
    return {}


def _uuid(root: Root, card: Card) -> str | None:
    return root.text(f"{card.folder}/unique_id") or None


def _name(root: Root, card: Card) -> str | None:
    own = root.text(f"{card.folder}/product_name")
    if own:
        return own
    if card.kind is GpuKind.AMD:
        revision = root.text(f"{card.folder}/revision") or ""
        listed = _amd_name(root, card.device, revision)
        if listed:
            return listed
    return _pci_name(root, card)


def _amd_name(root: Root, device: str, revision: str) -> str | None:
    """Look up AMD's own list, which distinguishes cards of one chip by revision."""
    wanted = [device.removeprefix("0x").upper(), revision.removeprefix("0x").upper()]
    for line in (root.text("/usr/share/libdrm/amdgpu.ids") or "").splitlines():
        parts = [part.strip() for part in line.split(",", 2)]
        if len(parts) == 3 and [parts[0].upper(), parts[1].upper()] == wanted:
            return parts[2]
    return None


def _pci_name(root: Root, card: Card) -> str | None:
    vendor = root.text(f"{card.folder}/vendor") or ""
    lists = ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids")
    text = next((text for path in lists if (text := root.text(path))), "")
    block = re.search(rf"^{re.escape(vendor[2:])} .*\n((?:[\t#].*\n?)*)", text, re.MULTILINE)
    named = re.search(
        rf"^\t{re.escape(card.device[2:])}  (.+)$", block[1] if block else "", re.MULTILINE
    )
    return named[1].strip() if named else None
