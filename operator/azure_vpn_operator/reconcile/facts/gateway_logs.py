"""What the gateway itself has logged of a tunnel that is down: read once for each outage, and kept as long as it lasts.

All of it is in memory: after a restart the log is read once more. Nothing is read while a tunnel is up, or while a write of ours
explains that it is down.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.gateway_log import IKE_LOG, GatewayLogLine
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, Unreadable
from azure_vpn_operator.domain.azure.names import LOCAL_NETWORK_GATEWAYS
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.outages import outage_since
from azure_vpn_operator.domain.passes.snapshot import Cadence
from azure_vpn_operator.ports import GatewayLogsPort
from azure_vpn_operator.reconcile.facts.ends import ends_of
from azure_vpn_operator.reconcile.facts.gateways import GatewayDirectory
from azure_vpn_operator.reconcile.memory import ConnectionMemory, LogMemory
from azure_vpn_operator.reconcile.request_budget import is_over_budget
from azure_vpn_operator.runtime.clock import Clock

log = logging.getLogger(__name__)

READ_AFTER_INTERVALS: Final = 6
"""So many intervals of a connection that is looked at often pass before the log is read: lines come minutes late."""
MOST_READS: Final = 3
"""An answer without an IKE message, or a failure that may pass, is followed by another read after twice the time; so often in all."""
LONGEST_LOOK_BACK: Final = timedelta(hours=1)
NOT_ASKED_AGAIN_SECONDS: Final = 3600.0
"""So long nothing is asked of a gateway that has no workspace, or whose log may not be read."""
_MAY_PASS: Final = frozenset(
    {FaultKind.BUSY, FaultKind.CONFLICT, FaultKind.THROTTLED, FaultKind.UNAUTHENTICATED, FaultKind.UNAVAILABLE}
)


class GatewayLogs:
    """Reads as one identity, and remembers where that is of no use."""

    def __init__(self, port: GatewayLogsPort, directory: GatewayDirectory, clock: Clock) -> None:
        self._port = port
        self._directory = directory
        self._clock = clock
        self._useless_until: dict[str, float] = {}
        """By gateway."""

    async def add_to(
        self,
        memory: ConnectionMemory,
        previous: VpnConnectionStatus,
        target: object,
        live: Read[LiveConnection] | NotRead,
        cadence: Cadence,
    ) -> None:
        """Bring `memory.log` up to date; sends at most one query, and reads of where to ask it."""
        if isinstance(live, NotRead | Unreadable) or (
            isinstance(live, Present) and live.value.connection_status is None
        ):
            return
        shown = live.value if isinstance(live, Present) and not live.value.listed else None
        began = outage_since(previous, shown, memory.busy_at)
        if shown is None or began is None or not isinstance(target, Target):
            memory.log = None
            return
        if memory.log is None or memory.log.outage != began:
            memory.log = LogMemory(began, began + _wait(cadence), unread=memory.log is None)
        known, now = memory.log, self._clock.now()
        if _tells_of_ike(known) or known.reads >= MOST_READS or now < known.next_read:
            return
        gateway, other_end = ends_of(target, shown)
        if gateway is None or other_end is None or self._is_useless(gateway):
            return
        addresses = await self._addresses(other_end)
        if not addresses:
            return
        # It went down before it was seen to be down: by one interval in peace, and by more where many are read.
        since = max(began - timedelta(seconds=2 * cadence.steady), now - LONGEST_LOOK_BACK)
        self._take(known, gateway, await self._port.newest(gateway, addresses, since), cadence)

    def _take(self, known: LogMemory, gateway: ArmId, answer: Read[Sequence[GatewayLogLine]], cadence: Cadence) -> None:
        if isinstance(answer, Unreadable) and is_over_budget(answer.fault):
            return
        known.reads, known.unread = known.reads + 1, False
        known.next_read = self._clock.now() + _wait(cadence) * 2**known.reads
        match answer:
            case Present(lines):
                known.lines = tuple(lines) or known.lines
            case Absent():
                self._give_up(gateway, None)
            case Unreadable(fault) if fault.kind in _MAY_PASS:
                log.info("the gateway's log was not read", extra={"gateway": str(gateway), "fault": str(fault)})
            case Unreadable(fault):
                self._give_up(gateway, fault)

    def _give_up(self, gateway: ArmId, fault: Fault | None) -> None:
        self._useless_until[gateway.key] = self._clock.monotonic() + NOT_ASKED_AGAIN_SECONDS
        if fault is not None:
            log.warning("the gateway's log cannot be read", extra={"gateway": str(gateway), "fault": str(fault)})

    def _is_useless(self, gateway: ArmId) -> bool:
        until = self._useless_until.get(gateway.key)
        return until is not None and self._clock.monotonic() < until

    async def _addresses(self, other_end: ArmId) -> tuple[str, ...]:
        """Where the tunnel ends on the other side; none if that is not known."""
        if other_end.type.lower() == LOCAL_NETWORK_GATEWAYS.lower():
            site = await self._directory.local_gateway(other_end)
            return (site.value.public_address,) if isinstance(site, Present) and site.value.public_address else ()
        peer = await self._directory.gateway(other_end)
        return peer.value.public_addresses if isinstance(peer, Present) else ()


def _tells_of_ike(known: LogMemory) -> bool:
    """Whether there is more than the word that the tunnel went down, which comes first."""
    return any(line.category == IKE_LOG for line in known.lines)


def _wait(cadence: Cadence) -> timedelta:
    return timedelta(seconds=READ_AFTER_INTERVALS * cadence.recent)
