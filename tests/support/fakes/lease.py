"""A Lease in memory that several replicas share, and what can go wrong on the way to it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import LeaseClaim
from azure_vpn_operator.runtime.election import LeaseRecord

AWAY = Fault(FaultKind.UNAVAILABLE, "ConnectionFailed", "The API server is away.")


class StoredLease:
    """What the API server has."""

    def __init__(self) -> None:
        """Nobody has made it yet."""
        self.record: LeaseRecord | None = None
        self._versions = 0

    def store(self, record: LeaseRecord) -> LeaseRecord | Fault:
        """Take it if its version is the newest."""
        known = self.record.version if self.record is not None else ""
        if record.version != known:
            return Fault(FaultKind.CONFLICT, "Conflict", "the object has been modified")
        self._versions += 1
        self.record = replace(record, version=str(self._versions))
        return self.record


async def _go_on() -> None:
    pass


class FakeLease:
    """The way of one replica to the Lease; keeps `LeasePort`."""

    def __init__(self, stored: StoredLease) -> None:
        """Nothing is wrong at first."""
        self._stored = stored
        self.away = False
        """No request arrives."""
        self.deaf = False
        """Requests arrive, and no answer comes back."""
        self.claims: Sequence[LeaseClaim] = ()
        """What other installations say."""
        self.before: Callable[[], Awaitable[None]] = _go_on
        """Awaited before each request."""

    async def read(self) -> LeaseRecord | Fault | None:
        """As promised by the port."""
        await self.before()
        return AWAY if self.away or self.deaf else self._stored.record

    async def write(self, record: LeaseRecord) -> LeaseRecord | Fault:
        """As promised by the port."""
        await self.before()
        if self.away:
            return AWAY
        stored = self._stored.store(record)
        return AWAY if self.deaf else stored

    async def other_claims(self) -> Sequence[LeaseClaim] | Fault:
        """As promised by the port."""
        await self.before()
        return AWAY if self.away or self.deaf else self.claims
