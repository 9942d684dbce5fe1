"""Leads, or stands by: at most one replica writes, by a Lease in the API server.

A replica that leads goes on for as long as its Lease holds, whatever becomes of the API server meanwhile; it writes nothing that might
end after that. If nobody else has led in between, it goes on where it was; else the process ends, and begins anew as a standby.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from azure_vpn_operator.app.sharding import OverlapError, find_overlap
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import LeaseClaim, LeasePort
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.election import Election, LeaseRecord

log = logging.getLogger(__name__)

STANDBY_LOOK_SECONDS: Final = 2.0
_RENEWALS: Final = 6
"""How often a Lease is renewed in the time that it holds."""
_RELEASE_SECONDS: Final = 5.0
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class LeadershipLostError(Exception):
    """Another replica leads."""


class Leadership:
    """Keeps `Fence`: whether this replica leads, and for how long yet."""

    def __init__(
        self,
        lease: LeasePort,
        identity: str,
        clock: Clock,
        *,
        duration: float,
        own: LeaseClaim,
        tell: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Take the replica's name, which no other process has, and the seconds for which a Lease holds.

        `own` is where this installation works; `tell` hears again and again whether this replica leads.
        """
        self._own = own
        self._tell = tell
        self._lease = lease
        self._election = Election(identity, duration)
        self._clock = clock
        self._duration = duration
        self._until = float("-inf")
        self._until_wall = _NEVER
        self._has_led = False
        self._is_alone = False
        """No other installation works here, as far as can be seen."""
        self._ending = False
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Never: there may be other replicas."""
        return False

    @property
    def leads(self) -> bool:
        """Whether it may write now."""
        return self._left() > 0

    def covers(self, seconds: float) -> bool:
        """Whether it leads, and will for so long even if the Lease is not renewed again."""
        return self._left() >= seconds

    async def until_leading(self) -> None:
        """Return once it leads, or is about to end."""
        while not self.leads and not self._ending:
            self._changed.clear()
            await self._changed.wait()

    def end(self) -> None:
        """Keep nobody waiting any more."""
        self._ending = True
        self._changed.set()

    async def run(self) -> None:
        """Lead or stand by until cancelled.

        Raises `LeadershipLostError` when another replica leads after this one did, and `OverlapError` as `check_overlap` does.
        """
        while True:
            await self._look()
            self._tell(self.leads)
            await self._clock.sleep(self._duration / _RENEWALS if self._has_led else STANDBY_LOOK_SECONDS)

    async def check_overlap(self) -> None:
        """Raise `OverlapError` if another installation works where this one would. What cannot be seen is no reason."""
        claims = await self._lease.other_claims()
        if isinstance(claims, Fault):
            log.warning("could not look for other installations", extra={"fault": str(claims)})
            return
        if (overlap := find_overlap(self._own, claims, self._clock.now())) is not None:
            raise OverlapError(overlap)

    async def release(self) -> None:
        """Let another replica lead at once; to be called when nothing is written any more. Does its best, and does not wait long."""
        if not self._has_led:
            return
        self._until = float("-inf")
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                record = await self._lease.read()
                free = None
                if record is not None and not isinstance(record, Fault):
                    free = self._election.release(record, self._clock.now())
                if free is not None:
                    await self._lease.write(free)
        except TimeoutError:
            log.warning("could not release the Lease: the next leader begins when it runs out")

    async def _look(self) -> None:
        """Read the Lease, and renew or take it if it is ours to have."""
        begun, begun_wall = self._clock.monotonic(), self._clock.now()
        try:
            async with asyncio.timeout(self._duration / _RENEWALS):
                fault = await self._bid(begun, begun_wall)
        except TimeoutError:
            fault = Fault(FaultKind.UNAVAILABLE, "Timeout", "No answer from the API server in time.")
        if fault is not None and fault.kind is not FaultKind.CONFLICT:
            log.warning("could not renew the Lease", extra={"fault": str(fault), "left": round(self._left(), 1)})

    async def _bid(self, begun: float, begun_wall: datetime) -> Fault | None:
        record = await self._lease.read()
        if isinstance(record, Fault):
            return record
        bid = self._election.bid(record, self._clock.monotonic(), self._clock.now())
        if bid is None:
            if self._has_led:
                self._until = float("-inf")
                raise LeadershipLostError(f"{record.holder if record else 'another replica'} leads")
            return None
        written = await self._lease.write(bid)
        if isinstance(written, Fault):
            return written
        self._has_led = True
        if not self._is_alone:
            await self._begin(bid)
        # It holds since the request was sent, by any clock: a machine that slept meanwhile shows by its wall clock alone.
        self._until, self._until_wall = begun + self._duration, begun_wall + timedelta(seconds=self._duration)
        self._changed.set()
        return None

    async def _begin(self, record: LeaseRecord) -> None:
        """The Lease is ours for the first time. Nothing is written before this has ended well."""
        try:
            await self.check_overlap()
        except OverlapError:
            await self.release()
            raise
        self._is_alone = True
        log.info("this replica leads", extra={"transitions": record.transitions})

    def _left(self) -> float:
        wall = (self._until_wall - self._clock.now()).total_seconds()
        return min(self._until - self._clock.monotonic(), wall)
