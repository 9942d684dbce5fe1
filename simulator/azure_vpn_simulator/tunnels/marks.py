"""What a gateway saw of each tunnel, in a form that its log can be written from: up, down, and from when on which failure."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from azure_vpn_simulator.tunnels.failures import Failure
from azure_vpn_simulator.tunnels.history import Cause
from azure_vpn_simulator.tunnels.judging import Refusal

_REMEMBERED = 256


class Mark(NamedTuple):
    """One moment of a tunnel, in simulated seconds. A failure goes on, attempt after attempt, until the next mark."""

    seconds: float
    up: bool = False
    down: Cause | None = None
    """Why it went down, if it had been up."""
    failure: Failure | None = None
    protocol: str = ""
    """The IKE version in which the attempt failed."""
    said: tuple[str, ...] = ()
    """The messages of the attempt; empty if they follow from the failure."""


class Marks:
    """The newest marks of each tunnel."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, deque[Mark]]] = {}

    def up(self, connection: str, tunnel: int, now: float) -> None:
        """Note that a tunnel came up; `connection` is the key of its id."""
        self._add(connection, tunnel, Mark(now, up=True))

    def down(self, connection: str, tunnel: int, now: float, cause: Cause) -> None:
        """Note that a tunnel that was up went down."""
        self._add(connection, tunnel, Mark(now, down=cause))

    def quiet(self, connection: str, tunnel: int, now: float) -> None:
        """Note that what failed before is not tried any more."""
        last = self._of.get(connection, {}).get(tunnel)
        if last and last[-1].failure is not None:
            last.append(Mark(now))

    def failed(self, connection: str, tunnel: int, now: float, refusal: Refusal, protocol: str) -> None:
        """Note that an attempt failed, and that the same happens again and again from now on."""
        self._add(connection, tunnel, Mark(now, failure=refusal.failure, protocol=protocol, said=refusal.said))

    def of(self, connection: str, tunnel: int) -> Iterator[tuple[Mark, float | None]]:
        """Return the marks of a tunnel, oldest first, each with the time of the next one."""
        marks = list(self._of.get(connection, {}).get(tunnel, ()))
        ends: list[float | None] = [*(mark.seconds for mark in marks[1:]), None]
        if marks:
            yield from zip(marks, ends, strict=True)

    def tunnels_of(self, connection: str) -> list[int]:
        """Return the tunnels of a connection of which anything is known, those that are gone too."""
        return sorted(self._of.get(connection, ()))

    def _add(self, connection: str, tunnel: int, mark: Mark) -> None:
        self._of.setdefault(connection, {}).setdefault(tunnel, deque(maxlen=_REMEMBERED)).append(mark)
