"""How the demo talks: a live picture on a terminal, plain lines with the elapsed time everywhere else."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from workbench.demo.live_table import Fleet, Missing, changes, render_tables

QUIET_SECONDS = 2.0
"""Nobody waits longer than this without a word."""

_LONGEST_QUIET_SECONDS = 10.0
_PLAIN_WIDTH = 110
_NAMES = 4
"""So many of those that are waited for are named."""


class Screen(Protocol):
    """What the demo needs to tell its user."""

    def stage(self, text: str) -> None:
        """A stage begins; the one before is done."""

    def show(self, fleet: Fleet, missing: list[Missing]) -> None:
        """This is how things are now; cheap enough to be called twice a second."""

    def say(self, text: str) -> None:
        """A sentence that stays."""

    def tick(self) -> None:
        """Time has passed; called twice a second."""


class Lines:
    """For pipes and log files: a line when something changed, and one after each quiet time."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._started = self._spoken = clock()
        self._patience = QUIET_SECONDS
        self._fleet = Fleet()
        self._waiting_for = ""

    def stage(self, text: str) -> None:
        """See `Screen`."""
        self._waiting_for = text.partition(":")[0]
        self._line(text)

    def show(self, fleet: Fleet, missing: list[Missing]) -> None:
        """See `Screen`."""
        for text in changes(self._fleet, fleet):
            self._line(f"  {text}")
        self._fleet = fleet
        self._waiting_for = _names([item.object for item in missing])
        self.tick()

    def say(self, text: str) -> None:
        """See `Screen`."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
        self._spoken = self._clock()

    def tick(self) -> None:
        """Say that we are still waiting, if nothing was said for a while; each time after a longer while."""
        if self._waiting_for and self._clock() - self._spoken >= self._patience:
            patience = min(2 * self._patience, _LONGEST_QUIET_SECONDS)
            self._line(f"  ... waiting for {self._waiting_for}")
            self._patience = patience

    def _line(self, text: str) -> None:
        self._patience = QUIET_SECONDS
        self.say(f"{self._clock() - self._started:5.1f} s  {text}")


class Picture:
    """For a terminal: what is done scrolls up with a tick; what goes on, and the tables, are drawn anew below."""

    def __init__(self, console: Console) -> None:
        self._stage: str | None = None
        self._began = 0.0
        self._fleet = Fleet()
        self._sentences: list[str] = []
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Leave the last picture on the terminal."""
        self._live.stop()

    def stage(self, text: str) -> None:
        """See `Screen`."""
        self._end_stage()
        self._stage, self._began = text, time.monotonic()

    def show(self, fleet: Fleet, missing: list[Missing]) -> None:
        """See `Screen`."""
        self._fleet = fleet
        if not missing:
            self._end_stage()

    def say(self, text: str) -> None:
        """See `Screen`."""
        self._sentences.append(text)

    def tick(self) -> None:
        """See `Screen`. The picture moves by itself."""

    def _end_stage(self) -> None:
        if self._stage is not None:
            done = Text.assemble(("✓ ", "green"), self._stage, (f"  {time.monotonic() - self._began:.1f} s", "dim"))
            self._stage = None
            self._live.console.print(done)

    def _draw(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self._stage is not None:
            self._spinner.update(text=Text(f"{self._stage}  {time.monotonic() - self._began:.0f} s"))
            parts.append(self._spinner)
        if self._fleet.connections:
            for table in render_tables(self._fleet, messages=True):
                parts += [Text(), table]
        for sentence in self._sentences:
            parts += [Text(), Text(sentence)]
        return Group(*parts)


def _names(objects: list[str]) -> str:
    rest = len(objects) - _NAMES
    # One name more is no longer than saying that there is one more.
    return ", ".join(objects) if rest <= 1 else f"{', '.join(objects[:_NAMES])} and {rest} more"


def print_tables(console: Console, fleet: Fleet) -> None:
    """Print both tables so that they can be read in a log file too."""
    for table in render_tables(fleet, messages=False):
        console.print()
        console.print(table, highlight=False)
    console.print()


def plain_console() -> Console:
    """Standard output without colours and with a width that does not depend on where it goes."""
    return Console(width=_PLAIN_WIDTH, force_terminal=False, no_color=True)
