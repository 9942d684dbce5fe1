"""Runs a program in namespaces of its own (network, mounts, processes): the kernel takes all of them back when it ends."""

from pathlib import Path

_NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
_FIRST_PROCESS = ("/bin/sh", "-c", '"$@" & wait $!', "sh")
"""A shell as the first process: it buries the orphans, and ends when the program inside ends."""


def in_new_namespaces(*command: str) -> list[str]:
    """Return the command line that runs `command` there, with its exit code. Whoever kills it ends all that runs inside."""
    return ["unshare", *_NAMESPACES, "--", *_FIRST_PROCESS, *command]


def overlay(folder: Path, scratch: Path) -> list[str]:
    """Return the command that keeps in `scratch`, which is made, what is written to `folder` from now on."""
    upper, work = scratch / "upper", scratch / "work"
    for made in (upper, work):
        made.mkdir(parents=True)
    return [
        "mount",
        "-t",
        "overlay",
        "-o",
        f"lowerdir={folder},upperdir={upper},workdir={work}",
        "overlay",
        str(folder),
    ]
