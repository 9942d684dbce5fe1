"""A folder as a tar.gz that is the same, byte by byte, whenever it is made of the same files."""

import gzip
import hashlib
import tarfile
from pathlib import Path


def pack(folder: Path, archive: Path) -> str:
    """Write the archive, without the folder's own name, and return its SHA-256."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, 0) as packed,
        tarfile.open(None, "w", packed) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            tar.add(path, str(path.relative_to(folder)), recursive=False, filter=_without_who_and_when)
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def _without_who_and_when(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member
