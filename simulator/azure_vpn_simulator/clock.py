"""Simulated time: one scaled clock from which every duration of the simulation is taken."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the simulation asks of time: simulated seconds, how they relate to real ones, and the wall clock."""

    @property
    def scale(self) -> float:
        """Simulated seconds per real second, above 0."""

    def seconds(self) -> float:
        """Simulated seconds since the start; never goes back."""

    def utc(self, seconds: float) -> datetime:
        """Return the simulated date and time at `seconds` since the start."""

    def wall(self) -> datetime:
        """Return the real date and time (tokens and the journal live by it)."""

    def wall_of(self, seconds: float) -> datetime:
        """Return the real date and time at which the simulated time was, or will be, `seconds`.

        What was before the last jump or change of speed is placed there.
        """

    def step(self, seconds: float) -> None:
        """Jump ahead by `seconds` simulated seconds; wall time does not, or clients would hold tokens that are over."""

    def set_scale(self, scale: float) -> None:
        """Change the speed from now on."""


def real_seconds(clock: Clock, simulated: float) -> int:
    """Turn a simulated duration into the whole real seconds (at least 1) that a client has to wait for it."""
    return max(1, math.ceil(simulated / clock.scale - 1e-9))


class ScaledClock:
    """The clock of a running simulator: `scale` simulated seconds pass in each real second."""

    def __init__(self, scale: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._scale = _positive(scale)
        self._origin = datetime.now(UTC)
        self._real_origin = self._real_mark = monotonic()
        self._simulated_mark = 0.0

    @property
    def scale(self) -> float:
        """Simulated seconds per real second."""
        return self._scale

    def seconds(self) -> float:
        """Simulated seconds since the start."""
        return self._simulated_mark + (self._monotonic() - self._real_mark) * self._scale

    def utc(self, seconds: float) -> datetime:
        """Return the simulated date and time at `seconds` since the start."""
        return self._origin + timedelta(seconds=seconds)

    def wall(self) -> datetime:
        """Return the real date and time."""
        return datetime.now(UTC)

    def wall_of(self, seconds: float) -> datetime:
        """Return the real date and time at a simulated one; nothing is before the last jump or change of speed."""
        since_mark = max(0.0, seconds - self._simulated_mark) / self._scale
        return self._origin + timedelta(seconds=self._real_mark - self._real_origin + since_mark)

    def step(self, seconds: float) -> None:
        """Jump ahead by `seconds`; negative values raise ValueError."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._mark(seconds)

    def set_scale(self, scale: float) -> None:
        """Change the speed from now on; ValueError unless above 0."""
        scale = _positive(scale)
        self._mark(0)
        self._scale = scale

    def _mark(self, jump: float) -> None:
        real = self._monotonic()
        self._simulated_mark += (real - self._real_mark) * self._scale + jump
        self._real_mark = real


class ManualClock:
    """A clock that only moves when told to, for tests."""

    def __init__(self, scale: float = 1.0, origin: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._scale = _positive(scale)
        self._origin = origin
        self._seconds = 0.0
        self._wall = origin

    @property
    def scale(self) -> float:
        """Simulated seconds per real second; only durations told to clients depend on it here."""
        return self._scale

    def seconds(self) -> float:
        """Simulated seconds since the start."""
        return self._seconds

    def utc(self, seconds: float) -> datetime:
        """Return the simulated date and time at `seconds` since the start."""
        return self._origin + timedelta(seconds=seconds)

    def wall(self) -> datetime:
        """Return the date and time that tokens live by."""
        return self._wall

    def wall_of(self, seconds: float) -> datetime:  # noqa: ARG002 - the same whenever it is asked for
        """Return the wall time now: it does not pass with simulated time here."""
        return self._wall

    def step_wall(self, seconds: float) -> None:
        """Let wall time pass, for tests of what expires."""
        self._wall += timedelta(seconds=seconds)

    def step(self, seconds: float) -> None:
        """Jump ahead by `seconds`; negative values raise ValueError."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._seconds += seconds

    def set_scale(self, scale: float) -> None:
        """Change the factor that durations told to clients are divided by; ValueError unless above 0."""
        self._scale = _positive(scale)


def _positive(scale: float) -> float:
    if not math.isfinite(scale) or scale <= 0:
        raise ValueError("the time scale must be a number above 0")
    return scale
