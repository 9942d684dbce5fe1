"""When each tunnel really was up and down, which Azure tells late, or not at all."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from azure_vpn_simulator.clock import Clock


class Cause(StrEnum):
    """Why a tunnel went down, or what it came back from."""

    CREATED = "Created"
    DELETED = "Deleted"
    SETTINGS = "Settings"
    DEVICE = "Device"
    OUTAGE = "Outage"
    REKEY = "Rekey"
    FLAP = "Flap"
    RESET = "Reset"
    FAILOVER = "Failover"
    DROP = "Drop"


class Transition(NamedTuple):
    """A tunnel came up, or went down (a new one begins down); `wall` is the real time of that."""

    seconds: float
    wall: datetime
    connection: str
    tunnel: int
    up: bool
    cause: Cause


class History:
    """An ever growing list; entry `seq` counts from 0 and goes on after a `clear`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[Transition] = []
        self._first = 0

    @property
    def next(self) -> int:
        """The number that the next entry will have."""
        return self._first + len(self._entries)

    def add(self, seconds: float, connection: str, tunnel: int, *, up: bool, cause: Cause) -> None:
        """Write down what happened at a simulated time; times must not go back."""
        self._entries.append(Transition(seconds, self._clock.wall_of(seconds), connection, tunnel, up, cause))

    def clear(self) -> None:
        """Forget every entry."""
        self._first = self.next
        self._entries = []

    def since(self, number: int, connection: str | None = None) -> dict[str, Any]:
        """Return the entries from `number` on (of one connection), and the number to ask with next time."""
        entries = [
            {
                "seq": seq,
                "connection": entry.connection,
                "tunnel": entry.tunnel,
                "up": entry.up,
                "cause": str(entry.cause),
                **self._moment(entry.seconds, entry.wall),
            }
            for seq, entry in self._numbered(number)
            if connection is None or entry.connection.lower() == connection.lower()
        ]
        return {"next": self.next, "now": self._now(), "entries": entries}

    def outages(self, number: int, causes: Iterable[Cause] = ()) -> dict[str, Any]:
        """Return when tunnels that had been up were down, of outages that began with entry `number` or later.

        With `causes` only of those that began with one of them. `mostAtOnce` is how many of these tunnels were down at the same
        time, `secondsLost` the sum of their simulated seconds down; those that go on count up to now. A deleted tunnel is no
        outage, and ends one.
        """
        now, wanted = self._clock.seconds(), set(causes) or set(Cause)
        found: list[dict[str, Any]] = []
        going_on: dict[tuple[str, int], dict[str, Any]] = {}
        most, lost = 0, 0.0
        for _, entry in self._numbered(number):
            key = entry.connection, entry.tunnel
            if entry.up or entry.cause is Cause.DELETED:
                begun = going_on.pop(key, None)
                if begun is not None:
                    begun["to"] = self._moment(entry.seconds, entry.wall)
            elif entry.cause is not Cause.CREATED and entry.cause in wanted:
                begun = {
                    "connection": entry.connection,
                    "tunnel": entry.tunnel,
                    "cause": str(entry.cause),
                    "from": self._moment(entry.seconds, entry.wall),
                    "to": None,
                }
                going_on[key] = begun
                found.append(begun)
                most = max(most, len(going_on))
        for outage in found:
            end = outage["to"]["seconds"] if outage["to"] else now
            outage["seconds"] = end - outage["from"]["seconds"]
            lost += outage["seconds"]
        return {"next": self.next, "now": self._now(), "outages": found, "mostAtOnce": most, "secondsLost": lost}

    def _numbered(self, number: int) -> Iterable[tuple[int, Transition]]:
        start = max(0, number - self._first)
        return enumerate(self._entries[start:], start=self._first + start)

    def _now(self) -> dict[str, Any]:
        now = self._clock.seconds()
        return self._moment(now, self._clock.wall_of(now))

    def _moment(self, seconds: float, wall: datetime) -> dict[str, Any]:
        return {"seconds": seconds, "utc": _text(self._clock.utc(seconds)), "time": _text(wall)}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
