"""Runs an image's program as Kubernetes would confine it: its own user, nothing writable, no new rights.

A mount namespace, chroot and setpriv, all of util-linux; needs root. It is not a container: processes, network and devices
are this machine's.
"""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_SCRIPT = """\
set -e
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount -o remount,bind,ro "$0"
exec chroot "$0" "$@"
"""


def run_confined(
    root: Path, user: str, command: Sequence[str], *, environment: Mapping[str, str], timeout_seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run `command` with the unpacked image at `root` as its file system, read-only; `user` is `<uid>:<gid>`, as an image has it."""
    uid, gid = user.split(":")
    with_user = (
        "setpriv",
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
    )
    inside = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command]
    return subprocess.run(
        # Within the image's own root there need not be a setpriv, but a Debian has one.
        ["unshare", "--mount", "--", "sh", "-c", _SCRIPT, str(root), *with_user, *inside],
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
