"""When tunnels come up and go down: negotiation, rekeying, outages; a function of settings, devices and the timeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.ipsec import IKE_LIFETIME_SECONDS, Match, Suites, match, suite
from azure_vpn_simulator.resources import Connection, Store
from azure_vpn_simulator.timeline import Timeline
from azure_vpn_simulator.tunnels.state import ConnectionStatus, LiveConfig, Tunnel

PAIR_DELAY_SECONDS = 5.0
DEFAULT_DPD_SECONDS = 45
_PAIR_RATE = 2000
_NO_SETTINGS: dict[str, object] = {
    "outage": False,
    "outage_tunnels": [],
    "silent": False,
    "ingress_bytes_per_second": 0,
    "egress_bytes_per_second": 0,
}
"""What may change of a device without any negotiation."""


@dataclass(frozen=True, slots=True)
class _Negotiated:
    """An agreement of both sides, and what follows from it."""

    match: Match
    rekey_seconds: int


class Tunnels:
    """Drives the tunnels of every connection.

    Simplifications, all on purpose: a change of settings ends the tunnel at once and a new attempt takes the far side's
    delay; a PFS group that does not fit is noticed at the first rekey under IKEv2 (at once under IKEv1), and the tunnel then
    stays down until something changes; a device in an outage is noticed after the connection's DPD timeout.
    """

    def __init__(self, timeline: Timeline, store: Store) -> None:
        self._timeline = timeline
        self._store = store
        self.devices: dict[str, Device] = {}
        self._silent_gateways: set[str] = set()

    def begin(self, connection: Connection, live: LiveConfig, count: int) -> None:
        """Put settings in force. Nothing happens to the tunnels if they are those that are in force already."""
        if connection.live == live and len(connection.tunnels) == count:
            connection.live = live
            return
        first = connection.live is None
        connection.live = live
        now = self._timeline.now
        if len(connection.tunnels) != count:
            connection.tunnels = [Tunnel(i, [(now, ConnectionStatus.UNKNOWN)]) for i in range(count)]
        self.negotiate(connection, first=first)

    def negotiate(
        self,
        connection: Connection,
        *,
        first: bool = False,
        indices: Iterable[int] | None = None,
        delay: float | None = None,
    ) -> None:
        """Drop the tunnels (all, or those at `indices`), the other half's too, and try again after the delay."""
        if delay is None:
            delay = self._delay(connection)
        chosen = None if indices is None else set(indices)
        self._attempt(connection, first=first, chosen=chosen, delay=delay)
        other = self.other_half(connection)
        if other is not None:
            self._attempt(other, first=False, chosen=chosen, delay=delay)

    def forget(self, connection: Connection) -> None:
        """Take a deleted connection's tunnels down, and with them the other half's."""
        other = self.other_half(connection)
        for tunnel in connection.tunnels:
            tunnel.generation += 1
        connection.deleted = True
        if other is not None:
            self._attempt(other, first=False, chosen=None, delay=PAIR_DELAY_SECONDS)

    def device_changed(self, gateway_key: str, device: Device | None) -> None:
        """Replace the device behind a local network gateway and let its tunnels react."""
        before = self.devices.get(gateway_key)
        if device is None:
            self.devices.pop(gateway_key, None)
        else:
            self.devices[gateway_key] = device
        if before is device or before == device:
            return
        for connection in self._store.at_end(gateway_key):
            if connection.live is not None:
                self._flow(connection)
                self._react(connection, before, device)

    def gateway_changed(self, gateway_key: str, *, silent: bool) -> None:
        """Let traffic over a virtual network gateway's tunnels rest, or go on."""
        if silent == (gateway_key in self._silent_gateways):
            return
        self._silent_gateways ^= {gateway_key}
        for connection in self._store.at_end(gateway_key):
            if connection.live is not None:
                self._flow(connection)

    def other_half(self, connection: Connection) -> Connection | None:
        """Find the connection that goes the other way between the same two gateways."""
        live = connection.live
        if live is None or live.type != "Vnet2Vnet":
            return None
        for other in self._store.owned_by(live.peer):
            back = other.live
            if back is not None and not other.deleted and back.type == live.type and back.peer == live.own_gateway:
                return other
        return None

    def agreement(self, connection: Connection, index: int) -> Match | None:
        """Tell whether one tunnel of a connection could come up now, and with what."""
        found = self._negotiated(connection, index)
        return found.match if found else None

    def _react(self, connection: Connection, before: Device | None, after: Device | None) -> None:
        indices = range(len(connection.tunnels))
        lost = {i for i in indices if _answers(before, i) and not _answers(after, i)}
        found = {i for i in indices if not _answers(before, i) and _answers(after, i)}
        changed = _settings(before) != _settings(after)
        for i in lost:
            tunnel = connection.tunnels[i]
            tunnel.silence += 1
            wait = connection.live.dpd_seconds if connection.live else DEFAULT_DPD_SECONDS
            self._timeline.after(wait, partial(self._dead_peer, tunnel, tunnel.silence))
        for i in found:
            connection.tunnels[i].silence += 1
        found = {i for i in found if connection.tunnels[i].status is not ConnectionStatus.CONNECTED}
        again = found | ({i for i in indices if _answers(after, i)} if changed else set())
        if again:
            self.negotiate(connection, indices=again)

    def _dead_peer(self, tunnel: Tunnel, silence: int) -> None:
        if tunnel.silence == silence:
            tunnel.generation += 1
            tunnel.go_down(self._timeline.now, ConnectionStatus.NOT_CONNECTED)

    def _attempt(self, connection: Connection, *, first: bool, chosen: set[int] | None, delay: float) -> None:
        now = self._timeline.now
        for tunnel in connection.tunnels:
            if chosen is not None and tunnel.index not in chosen:
                continue
            tunnel.generation += 1
            tunnel.go_down(now, ConnectionStatus.UNKNOWN if first else ConnectionStatus.NOT_CONNECTED)
            self._timeline.after(delay / 3, partial(self._try, tunnel, tunnel.generation))
            self._timeline.after(delay, partial(self._settle, connection, tunnel, tunnel.generation))

    def _try(self, tunnel: Tunnel, generation: int) -> None:
        if tunnel.generation == generation:
            tunnel.go_down(self._timeline.now, ConnectionStatus.CONNECTING)

    def _settle(self, connection: Connection, tunnel: Tunnel, generation: int) -> None:
        if tunnel.generation != generation or connection.live is None:
            return
        now = self._timeline.now
        found = self._negotiated(connection, tunnel.index)
        if found is None or not (found.match.pfs_fits or connection.live.protocol == "IKEv2"):
            tunnel.go_down(now, ConnectionStatus.NOT_CONNECTED)
            return
        tunnel.come_up(now, *self._rates(connection.live))
        self._timeline.after(found.rekey_seconds, partial(self._rekey, connection, tunnel, generation))

    def _rekey(self, connection: Connection, tunnel: Tunnel, generation: int) -> None:
        if tunnel.generation != generation:
            return
        now = self._timeline.now
        found = self._negotiated(connection, tunnel.index)
        if found is None or not found.match.pfs_fits:
            tunnel.go_down(now, ConnectionStatus.NOT_CONNECTED)
            return
        tunnel.rekeys += 1
        tunnel.child_since = now
        self._timeline.after(found.rekey_seconds, partial(self._rekey, connection, tunnel, generation))

    def _flow(self, connection: Connection) -> None:
        if connection.live is not None:
            rates = self._rates(connection.live)
            for tunnel in connection.tunnels:
                tunnel.flow(self._timeline.now, *rates)

    def _rates(self, live: LiveConfig) -> tuple[int, int]:
        device = self.devices.get(live.peer)
        if {live.own_gateway, live.peer} & self._silent_gateways or (device is not None and device.silent):
            return 0, 0
        if device is None:
            return _PAIR_RATE, _PAIR_RATE
        return device.ingress_bytes_per_second, device.egress_bytes_per_second

    def _delay(self, connection: Connection) -> float:
        live = connection.live
        device = self.devices.get(live.peer) if live else None
        return device.delay_seconds if device else PAIR_DELAY_SECONDS

    def _negotiated(self, connection: Connection, index: int) -> _Negotiated | None:
        live = connection.live
        if live is None:
            return None
        if live.type == "Vnet2Vnet":
            other = self.other_half(connection)
            return None if other is None or other.live is None else _with_half(live, other.live)
        device = self.devices.get(live.peer)
        if device is None or not _answers(device, index) or self._store.find(live.peer) is None:
            return None
        return _with_device(live, device)


def ike_sa_age(tunnel: Tunnel, now: float) -> tuple[int, float]:
    """Return which main-mode SA since the tunnel came up is in use, and its age in simulated seconds."""
    up = now - (tunnel.established if tunnel.established is not None else now)
    return int(up // IKE_LIFETIME_SECONDS), up % IKE_LIFETIME_SECONDS


def _with_device(live: LiveConfig, device: Device) -> _Negotiated | None:
    fits = (
        device.key == live.key
        and live.protocol in device.protocols
        and _somebody_calls(live.mode, device.mode)
        and (live.policy_based_selectors or not device.requires_policy_based_traffic_selectors)
    )
    found = match(live.suites, _device_suites(device)) if fits else None
    if found is None:
        return None
    return _Negotiated(found, live.sa_seconds)


def _with_half(live: LiveConfig, other: LiveConfig) -> _Negotiated | None:
    fits = live.key == other.key and live.protocol == other.protocol and _somebody_calls(live.mode, other.mode)
    found = match(live.suites, other.suites) if fits else None
    if found is None:
        return None
    return _Negotiated(found, min(live.sa_seconds, other.sa_seconds))


def _device_suites(device: Device) -> Suites | None:
    if device.proposals == "any":
        return None
    return frozenset(suite(p.model_dump(by_alias=True)) for p in device.proposals)


def _somebody_calls(one: str, other: str) -> bool:
    calls, answers = {"Default", "InitiatorOnly"}, {"Default", "ResponderOnly"}
    return (one in calls and other in answers) or (other in calls and one in answers)


def _answers(device: Device | None, index: int) -> bool:
    return device is not None and not device.outage and index not in device.outage_tunnels


def _settings(device: Device | None) -> object:
    if device is None:
        return None
    return device.model_copy(update=_NO_SETTINGS)
