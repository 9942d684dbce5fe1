"""Runs a program that takes long: what it prints goes into a file, and that it goes on is shown."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from workbench.progress import Progress

Lines = Sequence[str]
"""What a program has printed so far, without empty lines."""


class StepError(Exception):
    """A program failed; the message has its command line and its last words, and so has `details`, which do not say what failed."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


def _last(lines: Lines) -> str:
    return lines[-1][:100] if lines else ""


def _all(lines: Lines) -> Lines:
    return lines


def run_step(
    what: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    shows: Callable[[Lines], str] = _last,
    tells: Callable[[Lines], Lines] = _all,
) -> None:
    """Run `command` to its end; its output is appended to `log`. Raises StepError if it ends with anything but 0.

    `shows` makes of what was printed how far it is, and `tells` takes what explains a failure, of which the last 20 lines are said.
    Whatever ends this process ends the program and what it started, too.
    """
    arguments = [str(part) for part in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, Progress(what) as progress:
        start = output.tell()
        try:
            child = subprocess.Popen(
                arguments,
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        except OSError as error:
            raise StepError(f"{what} failed: {arguments[0]} does not run: {error}") from error
        try:
            while child.returncode is None:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(0.2)
                progress.update(shows(_lines(log, start)))
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if child.returncode != 0:
            last_words = "\n".join(f"  {line}" for line in tells(_lines(log, start))[-20:])
            details = (
                f"`{' '.join(arguments)}`{f' in {cwd}' if cwd else ''} ended with {child.returncode}.\n{last_words}\n"
            )
            details += f"The whole output is in {log}."
            raise StepError(f"{what} failed: {details}", details)


def _lines(log: Path, start: int) -> list[str]:
    with log.open("rb") as written:
        written.seek(start)
        return [line for line in written.read().decode(errors="replace").splitlines() if line.strip()]
