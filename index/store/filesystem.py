"""What kind of disk a folder lies on."""

from __future__ import annotations

from pathlib import Path

from ..errors import StoreError

MOUNTS = Path("/proc/self/mountinfo")
# File systems of other hosts: their locks and shared memory do not hold between hosts, and often not on one.
NETWORK = frozenset(
    "9p afs beegfs ceph cifs fuse.ceph-fuse fuse.gcsfuse fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs gpfs lustre "
    "ncpfs nfs nfs4 ocfs2 smb2 smb3 smbfs".split()
)


def refuse_network(folder: Path, mounts: Path | None = None) -> None:
    """Raises `StoreError` for a folder on a network file system; where the system does not tell, nothing happens."""
    kind = filesystem_of(folder, mounts or MOUNTS)
    if kind in NETWORK:
        raise StoreError(
            f"store {folder}: wanted a folder on a disk of this machine, got one on {kind}, where SQLite's locks and "
            "mapped files do not hold; choose a local folder, or open a PostgreSQL store with a local cache"
        )


def filesystem_of(folder: Path, mounts: Path) -> str:
    """The kind of file system, "ext4" say; "" where it cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        there = folder.resolve()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        # 36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = Path(fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if len(point.parts) >= best and there.is_relative_to(point):  # of two on one point the later one is seen
            best, kind = len(point.parts), after.split(" ")[0]
    return kind
