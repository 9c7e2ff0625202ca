"""Which container runtime, if any, runs this process."""

import re

from benchrace.telemetry.hardware import Notes
from benchrace.telemetry.machine_root import Root

_MARKS = (
    ("kubernetes", r"kubepods|/kubelet/"),
    ("docker", r"/docker[/-]|/moby/"),
    ("podman", r"/libpod"),
    ("containerd", r"/containerd/|cri-containerd"),
    ("lxc", r"/lxc[./]"),
)
# A runtime binds these into the container; a machine has them on its own disk.
_BOUND = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
_LAYERED = {"overlay", "fuse.fuse-overlayfs", "aufs"}


def container_runtime(root: Root, notes: Notes) -> str | None:
    """Return the runtime's name; None on a machine's own system."""
    if root.exists("/var/run/secrets/kubernetes.io/serviceaccount"):
        return "kubernetes"
    groups = "\n".join(
        root.text(path) or "" for path in ("/proc/self/cgroup", "/proc/self/mountinfo")
    )
    if root.exists("/run/.containerenv"):
        return "podman"
    if root.exists("/.dockerenv"):
        return _docker(root, groups, notes)
    declared = root.text("/run/systemd/container")
    if declared:
        return declared
    own = root.text("/proc/self/cgroup") or ""
    return _marked(own) or (_marked(groups) if _in_container(root) else None)


def _docker(root: Root, groups: str, notes: Notes) -> str | None:
    """Trust docker's mark only where its mounts are: images also become virtual machines."""
    if _in_container(root):
        return "kubernetes" if _marked(groups) == "kubernetes" else "docker"
    notes.say("container_runtime", "/.dockerenv exists, but / is a disk: an image run as a machine")
    return None


def _in_container(root: Root) -> bool:
    text = root.text("/proc/self/mountinfo")
    if text is None:
        return True
    for line in text.splitlines():
        fields, _, kind = line.partition(" - ")
        parts = fields.split()
        target = parts[4] if len(parts) > 4 else ""
        if target in _BOUND or (target == "/" and kind.partition(" ")[0] in _LAYERED):
            return True
    return False


def _marked(text: str) -> str | None:
    return next((name for name, pattern in _MARKS if re.search(pattern, text)), None)
