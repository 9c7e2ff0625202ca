"""Whether a folder is on this machine's own disks."""

import os
from pathlib import Path

import psutil

# Types of file systems of a network, beside those that begin with `nfs` or `fuse`.
_REMOTE = frozenset(
    {
        "9p",
        "afpfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ocfs2",
        "smb3",
        "smbfs",
        "virtiofs",
        "webdav",
    }
)


def is_mounted(place: Path) -> bool:
    """Check whether a folder is a mount point, or on a file system of the network or of FUSE.

    A folder on a local disk is there without its share, too: there, only the mount point counts.
    The disk of the system or of the home folder never does, whichever path leads to it.
    """
    if _device(place) in {_device(Path("/")), _device(Path(os.environ.get("HOME") or "/"))}:
        return False
    mount = _mount_of(place)
    return mount == place.resolve() or is_remote(file_system(mount))


def network_type(place: Path) -> str | None:
    """Return the type of the network file system that a folder is on, None on a local disk.

    Blocks. File systems in user space count as remote, except those on a local device.
    """
    kind = file_system(_mount_of(place))
    return kind if is_remote(kind) and kind != "fuseblk" else None


def file_system(mount: Path) -> str:
    """Return the type of what is mounted last at a mount point, "" where it is not listed."""
    types = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    return types.get(str(mount), "")


def is_remote(kind: str) -> bool:
    """Check whether a type of file systems is one of a network or in user space."""
    return kind in _REMOTE or kind.startswith(("fuse", "nfs", "osxfuse", "macfuse"))


def _mount_of(place: Path) -> Path:
    resolved = place.resolve()
    return next(path for path in (resolved, *resolved.parents) if path.is_mount())


def _device(place: Path) -> int:
    return place.stat().st_dev
