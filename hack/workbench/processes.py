"""Starts the programs of the workbench and surely stops them again.

Every child has a log file and a process group of its own, so that a Ctrl-C in the terminal reaches only the workbench,
which then stops the children in order. A child does not outlive the program that started it, not even one that was
killed, unless it was started with `detached=True`; then its pid file is what `stop_recorded` needs to stop it later.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

_DIE_WITH_PARENT = (
    "import ctypes, os, signal, sys\n"
    "ctypes.CDLL(None).prctl(1, signal.SIGKILL)\n"  # 1 = PR_SET_PDEATHSIG; kept across exec
    "os.getppid() == int(sys.argv[1]) or sys.exit('the parent is gone already')\n"
    "os.execv(sys.argv[2], sys.argv[2:])\n"
)


class ProcessError(Exception):
    """A program ended when it should run, or did not become ready in time; the message has its last log lines."""


class Process:
    """A running program. It belongs to no event loop: start it in one and stop it in another."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._popen = popen
        self._finished = False

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        detached: bool = False,
    ) -> "Process":
        """Start `command` (whose first item is a path) with standard output and error appended to `log`.

        On Linux the child is killed when the thread that started it ends, so start it in the main thread, or detached.
        """
        arguments = [str(part) for part in command]
        if sys.platform == "linux" and not detached:
            arguments = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *arguments]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            popen = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        return cls(name, popen, log)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """What the program ended with (negative: the signal), or None while it runs. Asking reaps it."""
        return self._popen.poll()

    def record(self, pid_file: Path) -> None:
        """Write the process id into `pid_file`, for `stop_recorded`."""
        pid_file.write_text(f"{self.pid}\n")

    async def wait_until(
        self, is_ready: Callable[[], Awaitable[bool]], *, timeout_seconds: float, interval_seconds: float = 0.05
    ) -> None:
        """Ask `is_ready` until it says yes; raises ProcessError if the program ends first or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            if self.exit_code is not None:
                raise ProcessError(f"{self.name} ended with {self.exit_code} before it was ready. {self.last_words()}")
            if await is_ready():
                return
            if time.monotonic() >= deadline:
                raise ProcessError(f"{self.name} was not ready within {timeout_seconds:g} s. {self.last_words()}")
            await asyncio.sleep(interval_seconds)

    async def stop(self, *, grace_seconds: float = 5.0) -> int:
        """End the program and whatever it started: SIGTERM, then SIGKILL after the grace. Returns the exit code.

        Safe to call twice, and also on a program that has ended by itself.
        """
        try:
            if self.exit_code is None:
                self.send_signal(signal.SIGTERM)
                deadline = time.monotonic() + grace_seconds
                while time.monotonic() < deadline and self._popen.poll() is None:  # noqa: ASYNC110 - bound to no loop
                    await asyncio.sleep(0.02)
        finally:
            code = self.kill()
        return code

    def kill(self) -> int:
        """End the program and its group at once by SIGKILL and reap it. Returns the exit code."""
        self.send_signal(signal.SIGKILL)
        self._finished = True
        return self._popen.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the program's whole group; nothing happens if nobody of it is left."""
        if self._finished:
            return  # the number may be somebody else's by now
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            # macOS answers EPERM for a group whose members have all ended.
            return

    def last_words(self, count: int = 15) -> str:
        """Return the end of the log as a sentence for an error message."""
        lines = self.log.read_text(errors="replace").splitlines()[-count:]
        return "\n".join([f"The end of {self.log}:", *(f"  {line}" for line in lines)])


async def stop_recorded(pid_file: Path, *, marker: str, grace_seconds: float = 5.0) -> bool:
    """Stop the detached program that `pid_file` names and remove the file; True if it was still running.

    `marker` must occur in the program's command line: a process id is used again after a reboot, and a stranger must
    not be killed. A missing file, or a number that is now somebody else's, just means that there is nothing to stop.
    """
    pid = _take(pid_file)
    running = pid is not None and marker in _command_line(pid)
    if running and pid is not None:
        for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(pid, number)
            except ProcessLookupError:
                break
            if await _gone(pid, marker, seconds):
                break
    return running


def is_recorded_running(pid_file: Path, *, marker: str) -> bool:
    """Tell whether the detached program that `pid_file` names still runs (see `stop_recorded` for `marker`)."""
    pid = _read(pid_file)
    return pid is not None and marker in _command_line(pid)


def _take(pid_file: Path) -> int | None:
    pid = _read(pid_file)
    pid_file.unlink(missing_ok=True)
    return pid


def _read(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text())
    except (FileNotFoundError, ValueError):
        return None


async def _gone(pid: int, marker: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while marker in _command_line(pid):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def _command_line(pid: int) -> str:
    """Return the command line of a process, empty if there is none or only its remains (a zombie)."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout
