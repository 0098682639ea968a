"""Tells whether a path lies on a file system that several hosts may share, where locks and shared memory cannot be trusted."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")

SHARED = frozenset(
    {
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs", "gpfs", "lustre", "mmfs",
        "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs",
        "vmhgfs", "wekafs",
    }
)  # fmt: skip
LOCAL_FUSE = frozenset(
    {"bindfs", "cryfs", "encfs", "fuse-overlayfs", "gocryptfs", "lxcfs", "mergerfs", "ntfs", "ntfs-3g", "unionfs"}
)


def filesystem(path: Path, mountinfo: Path = MOUNTINFO) -> str:
    """Return the type of the file system that holds ``path`` (which need not exist), empty when that cannot be told."""
    try:
        lines = mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place = path.resolve()
    found, depth = "", -1
    for line in lines:
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:  # noqa: PLR2004  # the mount point is the fifth field
            continue
        mount = Path(_plain(fields[4]))
        # A later mount on the same point hides the earlier one.
        if (place == mount or mount in place.parents) and len(mount.parts) >= depth:
            found, depth = after.split(" ")[0], len(mount.parts)
    return found


def is_shared(path: Path, mountinfo: Path = MOUNTINFO) -> bool:
    """Return whether other hosts may write where ``path`` lies; an unknown FUSE file system counts as shared."""
    kind = filesystem(path, mountinfo)
    if kind.startswith("fuse."):
        return kind.removeprefix("fuse.") not in LOCAL_FUSE
    return kind in SHARED


def _plain(field: str) -> str:
    """Undo the octal escapes of mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
