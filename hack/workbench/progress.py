"""Shows that something slow is still going on, on a terminal and in a log."""

import os
import sys
import time
from types import TracebackType
from typing import Self, TextIO


class Progress:
    """A step that takes long: one live line on a terminal, a line every `interval` seconds elsewhere.

    Used as a context manager. `update` may be called as often as one likes. The last line says how long the step
    took and whether it was finished.
    """

    def __init__(self, what: str, *, stream: TextIO | None = None, interval: float = 10.0) -> None:
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._interval = 0.2 if self._live else interval
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        """Say what begins."""
        self._show("...")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Say how it ended."""
        outcome = "done" if kind is None else "failed"
        self._show(f"{outcome} after {self._elapsed()} s")
        if self._live:
            self._stream.write("\n")
            self._stream.flush()

    def update(self, detail: str) -> None:
        """Show `detail` and the elapsed seconds, if the last line is old enough."""
        now = time.monotonic()
        if now - self._shown >= self._interval:
            self._shown = now
            self._show(f"{self._elapsed()} s, {detail}" if detail else f"{self._elapsed()} s")

    def _elapsed(self) -> int:
        return round(time.monotonic() - self._started)

    def _show(self, text: str) -> None:
        line = f"{self._what}: {text}"
        if self._live:
            width = os.get_terminal_size(self._stream.fileno()).columns
            self._stream.write(f"\r\x1b[2K{line[: max(width - 1, 1)]}")
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()
