"""Operating system, product and hypervisor, on Linux."""

import shlex

from benchrace.telemetry.hardware import Notes, OperatingSystem, Virtualisation
from benchrace.telemetry.machine_root import Root

DMI = "/sys/class/dmi/id"
_CLOCKS = "/sys/devices/system/clocksource/clocksource0"
_LENT = {
    "kvm": Virtualisation.KVM,
    "hyperv": Virtualisation.HYPERV,
    "xen": Virtualisation.XEN,
}
# Boards ship with these in place of a name.
_UNNAMED = {"", "System Product Name", "To Be Filled By O.E.M.", "Default string", "None"}

_VENDORS = {
    "qemu": Virtualisation.KVM,
    "kvm": Virtualisation.KVM,
    "amazon ec2": Virtualisation.KVM,
    "google": Virtualisation.KVM,
    "digitalocean": Virtualisation.KVM,
    "openstack": Virtualisation.KVM,
    "vmware": Virtualisation.VMWARE,
    "innotek": Virtualisation.VIRTUALBOX,
    "virtualbox": Virtualisation.VIRTUALBOX,
    "microsoft": Virtualisation.HYPERV,
    "xen": Virtualisation.XEN,
    "parallels": Virtualisation.PARALLELS,
    "apple virtualization": Virtualisation.APPLE,
}
# These make bare machines too, so that their name alone proves nothing.
_BARE_TOO = ("amazon ec2", "google", "microsoft")


def linux_system(root: Root, notes: Notes) -> OperatingSystem:
    """Read the distribution's own name and version."""
    release = root.text("/etc/os-release") or root.text("/usr/lib/os-release") or ""
    fields: dict[str, str] = {}
    for line in release.splitlines():
        key, _, value = line.partition("=")
        fields[key.strip()] = _unquoted(value)
    reason = "/etc/os-release does not report it"
    return OperatingSystem(
        name=notes.need("os.name", fields.get("NAME") or None, reason),
        version=notes.need("os.version", fields.get("VERSION_ID") or None, reason),
        kernel=notes.need("os.kernel", root.platform.release or None, "uname does not report it"),
    )


def linux_product(root: Root, notes: Notes) -> str | None:
    """Return the maker's name of the machine: DMI, or the device tree of a board."""
    name = root.text(f"{DMI}/product_name")
    if name is None or name in _UNNAMED:
        name = root.text(f"{DMI}/board_name") or root.text("/proc/device-tree/model")
    return notes.need("product", name or None, "neither DMI nor a device tree names it")


def linux_virtualisation(root: Root, notes: Notes) -> Virtualisation | None:
    """Detect the hypervisor: by the processor's flag on x86, by its names elsewhere."""
    if is_wsl(root):
        return Virtualisation.HYPERV
    names = [root.text(f"{DMI}/{name}") for name in ("sys_vendor", "product_name")]
    text = " ".join(name for name in names if name).lower()
    flagged = " hypervisor" in (root.text("/proc/cpuinfo") or "")
    for vendor, virtualisation in _VENDORS.items():
        if vendor in text and (flagged or not text.startswith(_BARE_TOO)):
            return virtualisation
    if root.text("/sys/hypervisor/type") == "xen":
        return Virtualisation.XEN
    if root.text("/proc/device-tree/hypervisor/compatible") is not None:
        return Virtualisation.KVM
    if flagged:
        return _by_clock(root)
    x86 = root.platform.architecture in ("x86_64", "i686")
    if x86 or text or root.exists("/proc/device-tree/model"):
        return Virtualisation.NONE
    notes.say("virtualisation", "no flag, DMI or device tree identifies it")
    return None


def _by_clock(root: Root) -> Virtualisation:
    """Recognise a hypervisor by the clock that it provides, where it shows no firmware."""
    clocks = root.text(f"{_CLOCKS}/available_clocksource") or ""
    for word, virtualisation in _LENT.items():
        if word in clocks:
            return virtualisation
    return Virtualisation.OTHER


def is_wsl(root: Root) -> bool:
    """Recognise WSL2 by its kernel's name."""
    return "microsoft" in root.platform.release.lower()


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value.strip()
