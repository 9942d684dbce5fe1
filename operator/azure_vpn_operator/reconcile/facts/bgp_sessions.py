"""The BGP sessions of gateways, as Azure last told them: asked for by passes, one question per gateway at a time, answered later.

The answer takes Azure some seconds, so a pass only asks, and a later one collects; all connections of the gateway share it. All of
it is in memory: after a restart the status keeps what it says until the first answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.azure.bgp_sessions import BgpFacts, BgpSession, all_established, sessions_with
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, verdict
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import NotRead, Present, Read, Unreadable
from azure_vpn_operator.domain.azure.names import LOCAL_NETWORK_GATEWAYS
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.snapshot import INTERVALS_UNTIL_UNKNOWN, Cadence
from azure_vpn_operator.domain.rules.violations import Invalid
from azure_vpn_operator.ports import BgpAnswer, GatewaysPort, Pending
from azure_vpn_operator.reconcile.facts.ends import ends_of
from azure_vpn_operator.reconcile.facts.gateways import GatewayDirectory
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey

PATIENCE_SECONDS: Final = 300.0
"""An answer that is not there after so long is given up."""
CHANGED_RECENTLY_SECONDS: Final = 300.0
"""So long a gateway is asked often after a session has changed: routes settle slowly."""
_JITTER: Final = 0.1
"""Passes come so much earlier or later than asked for; a question that waited for the next one would come an interval late."""
_RETRY_LOOK_SECONDS: Final = 10.0
_NO_ANSWER: Final = Fault(FaultKind.UNAVAILABLE, "NoAnswer", "Azure took the question and gave no answer.")


@dataclass(slots=True)
class _Asker:
    """A connection that wants to know."""

    addresses: tuple[str, ...]
    seen_at: float
    changed_at: float | None = None


@dataclass(slots=True)
class _Gateway:
    asked_at: float | None = None
    """When the last question was sent; None: it is to be asked now."""
    asked_by: ObjectKey | None = None
    pending: Pending | None = None
    look_at: float = 0.0
    sessions: tuple[BgpSession, ...] | None = None
    read_at: float = 0.0
    silent_since: float | None = None
    """Since when questions have gone without an answer."""
    fault: Fault | None = None
    busy: bool = False
    """A pass is talking with Azure about it; the others take what is known."""
    askers: dict[ObjectKey, _Asker] = field(default_factory=dict)


class BgpSessions:
    """What is known of each gateway that a connection with BGP uses."""

    def __init__(
        self,
        gateways: GatewaysPort,
        directory: GatewayDirectory,
        clock: Clock,
        enqueue: Callable[[Iterable[ObjectKey]], None],
    ) -> None:
        """Take the port; `enqueue` is given the other connections whose sessions are found changed."""
        self._port = gateways
        self._directory = directory
        self._clock = clock
        self._enqueue = enqueue
        self._gateways: dict[str, _Gateway] = {}

    async def read(
        self,
        key: ObjectKey,
        subject: VpnConnection | Invalid,
        target: object,
        live: Read[LiveConnection] | NotRead,
        cadence: Cadence,
    ) -> BgpFacts | None:
        """What a pass can know now; sends at most one request for it, beside reads of the ends. None: there is nothing to ask."""
        if isinstance(subject, Invalid) or not subject.spec.enable_bgp or not isinstance(live, Present):
            return None
        if subject.metadata.deletion_timestamp is not None or not isinstance(target, Target):
            return None
        gateway, other_end = ends_of(target, live.value)
        if gateway is None or other_end is None:
            return None
        addresses = await self._addresses(other_end)
        if not isinstance(addresses, Present) or not addresses.value:
            return BgpFacts(addresses, NotRead())
        known = self._gateways.setdefault(gateway.key, _Gateway())
        asker = known.askers.setdefault(key, _Asker(addresses.value, 0.0))
        asker.addresses, asker.seen_at = addresses.value, self._clock.monotonic()
        if not known.busy:
            known.busy = True
            try:
                await self._advance(gateway, known, key, cadence)
            finally:
                known.busy = False
        return BgpFacts(addresses, self._view(known, cadence), self._look_in(known, key))

    def forget(self, gateways: Iterable[str]) -> None:
        """Ask these gateways anew when somebody wants to know; what they said last counts until then."""
        for key in gateways:
            known = self._gateways.get(key)
            if known is not None and known.pending is None:
                known.asked_at = None

    def routes_received(self) -> Mapping[ObjectKey, int]:
        """Routes learned over each connection, by the last answer of its gateway; without those of which Azure has told nothing."""
        found: dict[ObjectKey, int] = {}
        for known in self._gateways.values():
            for key, asker in known.askers.items():
                told = [
                    session.routes_received
                    for session in sessions_with(known.sessions or (), asker.addresses)
                    if session.routes_received is not None
                ]
                if told:
                    found[key] = sum(told)
        return found

    async def _addresses(self, other_end: ArmId) -> Read[tuple[str, ...]]:
        if other_end.type.lower() == LOCAL_NETWORK_GATEWAYS.lower():
            site = await self._directory.local_gateway(other_end)
            return Present(site.value.bgp_addresses) if isinstance(site, Present) else site
        peer = await self._directory.gateway(other_end)
        if not isinstance(peer, Present):
            return peer
        return Present(peer.value.bgp_addresses if peer.value.enable_bgp else ())

    async def _advance(self, gateway: ArmId, known: _Gateway, key: ObjectKey, cadence: Cadence) -> None:
        now = self._clock.monotonic()
        if known.pending is not None:
            if known.look_at > now:
                return
            answer = await self._port.look_at_bgp_sessions(gateway, known.pending.url)
        elif self._is_due(known, known.askers[key], cadence):
            known.asked_at, known.asked_by = now, key
            known.silent_since = now if known.silent_since is None else known.silent_since
            answer = await self._port.ask_bgp_sessions(gateway)
        else:
            return
        self._take(known, answer, key, cadence)

    def _is_due(self, known: _Gateway, asker: _Asker, cadence: Cadence) -> bool:
        if known.asked_at is None:
            return True
        now = self._clock.monotonic()
        if known.fault is not None:
            restless = not verdict(known.fault).stalled
        else:
            changed = asker.changed_at is not None and now - asker.changed_at < CHANGED_RECENTLY_SECONDS
            restless = changed or not all_established(known.sessions or (), asker.addresses)
        interval = (cadence.recent if restless else cadence.steady) * (1 - _JITTER)
        asked_to_wait = known.fault.retry_after or 0.0 if known.fault is not None else 0.0
        return now - known.asked_at >= max(interval, asked_to_wait)

    def _take(self, known: _Gateway, answer: BgpAnswer, key: ObjectKey, cadence: Cadence) -> None:
        now = self._clock.monotonic()
        if isinstance(answer, tuple):
            self._note_changes(known, answer, key)
            known.pending, known.fault, known.silent_since = None, None, None
            known.sessions, known.read_at = answer, now
            long_ago = now - INTERVALS_UNTIL_UNKNOWN * cadence.steady
            known.askers = {name: asker for name, asker in known.askers.items() if asker.seen_at >= long_ago}
            return
        given_up = known.asked_at is None or now - known.asked_at > PATIENCE_SECONDS
        if isinstance(answer, Pending):
            known.pending, known.look_at = answer, now + answer.retry_after
            if given_up:
                known.pending, known.fault = None, _NO_ANSWER
        elif known.pending is not None and not given_up and _may_pass(answer):
            known.look_at = now + (answer.retry_after or _RETRY_LOOK_SECONDS)
        else:
            known.pending, known.fault = None, answer

    def _note_changes(self, known: _Gateway, sessions: tuple[BgpSession, ...], key: ObjectKey) -> None:
        if known.sessions is None:
            return
        changed = []
        for name, asker in known.askers.items():
            if sessions_with(known.sessions, asker.addresses) != sessions_with(sessions, asker.addresses):
                asker.changed_at = self._clock.monotonic()
                changed.append(name)
        self._enqueue(name for name in changed if name != key)

    def _view(self, known: _Gateway, cadence: Cadence) -> Read[tuple[BgpSession, ...]] | NotRead:
        now, limit = self._clock.monotonic(), INTERVALS_UNTIL_UNKNOWN * cadence.steady
        if known.fault is not None and verdict(known.fault).stalled:
            return Unreadable(known.fault)
        if known.sessions is not None and now - known.read_at <= limit:
            return Present(known.sessions)
        if known.silent_since is not None and now - known.silent_since > limit:
            return Unreadable(known.fault or _NO_ANSWER)
        return NotRead()

    def _look_in(self, known: _Gateway, key: ObjectKey) -> float | None:
        """Only who has asked comes back early; the others are told if something is new."""
        if known.pending is None or known.asked_by != key:
            return None
        return max(known.look_at - self._clock.monotonic(), 1.0) * (1 + 1.5 * _JITTER)


def _may_pass(fault: Fault) -> bool:
    return fault.kind is not FaultKind.NOT_FOUND and not verdict(fault).stalled
