"""When tunnels come up and go down: a function of settings, devices, what happens to gateways, and the timeline."""

from collections.abc import Iterable, Iterator
from functools import partial

from azure_vpn_simulator.devices import Device, Flaps
from azure_vpn_simulator.ipsec import IKE_LIFETIME_SECONDS
from azure_vpn_simulator.resources import Connection, Store
from azure_vpn_simulator.spans import Draws, Span
from azure_vpn_simulator.timeline import Timeline
from azure_vpn_simulator.tunnels.ends import public_addresses
from azure_vpn_simulator.tunnels.history import Cause, History
from azure_vpn_simulator.tunnels.judging import Attempt, Judge, Refusal
from azure_vpn_simulator.tunnels.marks import Marks
from azure_vpn_simulator.tunnels.sites import Site, initiates, negotiated_settings
from azure_vpn_simulator.tunnels.state import ChildSa, ConnectionStatus, LiveConfig, Segment, Tunnel

PAIR_DELAY_SECONDS = 5.0
DEFAULT_DPD_SECONDS = 45
_PAIR_RATE = 2000
_ASK_AGAIN_SECONDS = 1.0
"""After which a judge that has not made up its mind is asked again."""
_NOBODY = Site()


class Tunnels:
    """Drives the tunnels of every connection.

    Simplifications, all on purpose: a change of settings ends the tunnel at once and a new attempt takes the far side's
    delay; a tunnel whose keys cannot be renewed then stays down until something changes; a device in an outage is noticed
    after the connection's DPD timeout.
    """

    def __init__(self, timeline: Timeline, store: Store, draws: Draws, history: History, judge: Judge) -> None:
        self._timeline = timeline
        self._store = store
        self._draws = draws
        self._history = history
        self._judge = judge
        self.marks = Marks()
        """What the gateways' logs are written from."""
        self._sites: dict[str, Site] = {}
        self._silent_gateways: set[str] = set()

    def begin(self, connection: Connection, live: LiveConfig, count: int, *, lifetimes_can_wait: bool = False) -> None:
        """Put settings in force. Nothing happens to the tunnels if they are those that are in force already.

        With `lifetimes_can_wait` other lifetimes cost nothing either: they hold from the next rekey on.
        """
        before, connection.live = connection.live, live
        if len(connection.tunnels) != count:
            self._resize(connection, count)
        elif before == live or (
            lifetimes_can_wait and before is not None and before.differs_in_lifetimes_at_most(live)
        ):
            return
        self.negotiate(connection, Cause.SETTINGS if before else Cause.CREATED)

    def negotiate(
        self,
        connection: Connection,
        cause: Cause,
        *,
        indices: Iterable[int] | None = None,
        away: float | None = None,
    ) -> None:
        """Drop the tunnels (all, or those at `indices`), the other half's too, and try again.

        That takes as long as the far side needs, or exactly `away` seconds, before which no other attempt gets through either.
        """
        chosen = None if indices is None else set(indices)
        self._attempt(connection, cause, chosen, away)
        other = self.other_half(connection)
        if other is not None:
            self._attempt(other, Cause.SETTINGS if cause is Cause.CREATED else cause, chosen, away)

    def fail_over(self, gateway_key: str, index: int | None, away: Span, *key: object) -> None:
        """Drop the tunnels of a gateway, or those of one of its instances; each connection has its own time away."""
        for connection in self._live_at(gateway_key):
            seconds = self._draws.pick(away, "failover", connection.id.key, *key)
            indices = None if index is None else [index]
            self.negotiate(connection, Cause.FAILOVER, indices=indices, away=seconds)

    def forget(self, connection: Connection) -> None:
        """Take a deleted connection's tunnels down, and with them the other half's."""
        other = self.other_half(connection)
        self._resize(connection, 0)
        connection.deleted = True
        if other is not None:
            self._attempt(other, Cause.SETTINGS, None, None)

    def device_changed(self, gateway_key: str, device: Device | None) -> None:
        """Replace the device behind a local network gateway and let its tunnels react."""
        before = self._sites.get(gateway_key, _NOBODY)
        if before.device is not device and before.device != device:
            self._site_changed(gateway_key, before, before.with_device(device))

    def outage(self, gateway_key: str, tunnel: int | None, *, begins: bool) -> None:
        """Begin or end an outage of a site at one tunnel, or at both; outages add up."""
        before = self._sites.get(gateway_key, _NOBODY)
        self._site_changed(gateway_key, before, before.with_outage(tunnel, 1 if begins else -1))

    def gateway_changed(self, gateway_key: str, *, silent: bool) -> None:
        """Let traffic over a virtual network gateway's tunnels rest, or go on."""
        if silent == (gateway_key in self._silent_gateways):
            return
        self._silent_gateways ^= {gateway_key}
        for connection in self._live_at(gateway_key):
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

    def _site_changed(self, gateway_key: str, before: Site, after: Site) -> None:
        self._sites[gateway_key] = after
        for connection in self._live_at(gateway_key):
            self._flow(connection)
            self._react(connection, before, after)

    def _react(self, connection: Connection, before: Site, after: Site) -> None:
        dpd_seconds = connection.live.dpd_seconds if connection.live else DEFAULT_DPD_SECONDS
        for tunnel in connection.tunnels:
            i = tunnel.index
            down = tunnel.status is not ConnectionStatus.CONNECTED
            if before.answers(i) != after.answers(i):
                tunnel.silence += 1
            if before.answers(i) and not after.answers(i):
                self._timeline.after(dpd_seconds, partial(self._dead_peer, connection, tunnel, tunnel.silence))
            elif not after.answers(i):
                continue
            elif negotiated_settings(before.at(i)) != negotiated_settings(after.at(i)):
                self.negotiate(connection, Cause.DEVICE, indices=[i])
            elif down and not before.answers(i):
                self.negotiate(connection, Cause.OUTAGE, indices=[i])
            elif down and initiates(after.at(i)) and not initiates(before.at(i)):
                self.negotiate(connection, Cause.DEVICE, indices=[i])
            elif not down and _flaps(before.at(i)) != _flaps(after.at(i)):
                tunnel.flapped = 0
                self._flap_later(connection, tunnel, None)

    def _dead_peer(self, connection: Connection, tunnel: Tunnel, silence: int) -> None:
        if tunnel.silence == silence:
            tunnel.generation += 1
            self._down(connection, tunnel, ConnectionStatus.NOT_CONNECTED, Cause.OUTAGE)
            self._settle(connection, tunnel, tunnel.generation, Cause.OUTAGE)

    def _attempt(self, connection: Connection, cause: Cause, chosen: set[int] | None, away: float | None) -> None:
        now = self._timeline.now
        for tunnel in connection.tunnels:
            if chosen is not None and tunnel.index not in chosen:
                continue
            tunnel.generation += 1
            first = cause is Cause.CREATED
            self._down(connection, tunnel, ConnectionStatus.UNKNOWN if first else ConnectionStatus.NOT_CONNECTED, cause)
            wait, takes = (0.0, away) if away is not None else self._pace(connection, tunnel)
            if away is not None:
                tunnel.held_until = max(tunnel.held_until, now + away)
            end = max(wait + takes, tunnel.held_until - now)
            self._timeline.after(end - takes * 2 / 3, partial(self._try, tunnel, tunnel.generation))
            self._timeline.after(end, partial(self._settle, connection, tunnel, tunnel.generation, cause))

    def _pace(self, connection: Connection, tunnel: Tunnel) -> tuple[float, float]:
        live = connection.live
        device = self._site(live.peer).at(tunnel.index) if live else None
        if device is None:
            return 0.0, PAIR_DELAY_SECONDS
        key = connection.id.key, tunnel.index, tunnel.generation
        again = tunnel.last_established is not None
        wait = self._draws.pick(device.recovery_seconds, "recovery", *key) if again else 0.0
        return wait, self._draws.pick(device.delay_seconds, "delay", *key)

    def _try(self, tunnel: Tunnel, generation: int) -> None:
        if tunnel.generation == generation:
            tunnel.go_down(self._timeline.now, ConnectionStatus.CONNECTING)

    def _settle(self, connection: Connection, tunnel: Tunnel, generation: int, cause: Cause) -> None:
        if tunnel.generation != generation or connection.live is None:
            return
        found = self._judge.negotiate(self._between(connection, connection.live, tunnel))
        if found is None:
            again = partial(self._settle, connection, tunnel, generation, cause)
            self._timeline.after(_ASK_AGAIN_SECONDS, again)
            return
        if isinstance(found, Refusal):
            self._refused(connection, connection.live, tunnel, cause, found)
            return
        now, live = self._timeline.now, connection.live
        tunnel.come_up(now, found.match, ChildSa(now, live.sa_seconds, live.sa_kilobytes), self._rates(live))
        self._history.add(now, str(connection.id), tunnel.index, up=True, cause=cause)
        self.marks.up(connection.id.key, tunnel.index, now)
        self._timeline.after(found.rekey_seconds, partial(self._rekey, connection, tunnel, generation))
        if cause is not Cause.FLAP:
            tunnel.flapped = 0
        self._flap_later(connection, tunnel, cause)

    def _rekey(self, connection: Connection, tunnel: Tunnel, generation: int) -> None:
        if tunnel.generation != generation or connection.live is None:
            return
        live = connection.live
        found = self._judge.rekey(self._between(connection, live, tunnel))
        if found is None:
            self._timeline.after(_ASK_AGAIN_SECONDS, partial(self._rekey, connection, tunnel, generation))
            return
        if isinstance(found, Refusal):
            tunnel.generation += 1
            self._refused(connection, live, tunnel, Cause.REKEY, found)
            return
        tunnel.rekey(found.match, ChildSa(self._timeline.now, live.sa_seconds, live.sa_kilobytes))
        self._timeline.after(found.rekey_seconds, partial(self._rekey, connection, tunnel, generation))

    def _flap_later(self, connection: Connection, tunnel: Tunnel, cause: Cause | None) -> None:
        tunnel.series += 1
        flaps = _flaps(self._site(connection.live.peer).at(tunnel.index)) if connection.live else None
        if flaps is None or (flaps.count is not None and tunnel.flapped >= flaps.count):
            return
        if flaps.after_change and cause not in {Cause.SETTINGS, Cause.FLAP}:
            return
        seconds = self._draws.pick(flaps.up_seconds, "up", connection.id.key, tunnel.index, tunnel.series)
        event = partial(self._flap, connection, tunnel, tunnel.generation, tunnel.series)
        self._timeline.after(seconds, event)

    def _flap(self, connection: Connection, tunnel: Tunnel, generation: int, series: int) -> None:
        flaps = _flaps(self._site(connection.live.peer).at(tunnel.index)) if connection.live else None
        if flaps is None or (tunnel.generation, tunnel.series) != (generation, series):
            return
        tunnel.flapped += 1
        seconds = self._draws.pick(flaps.down_seconds, "down", connection.id.key, tunnel.index, tunnel.series)
        self._attempt(connection, Cause.FLAP, {tunnel.index}, seconds)

    def _resize(self, connection: Connection, count: int) -> None:
        now = self._timeline.now
        for tunnel in connection.tunnels[count:]:
            tunnel.generation += 1
            tunnel.silence += 1
            self.marks.quiet(connection.id.key, tunnel.index, now)
            self._history.add(now, str(connection.id), tunnel.index, up=False, cause=Cause.DELETED)
            self._judge.gone(connection.id.key, tunnel.index)
        del connection.tunnels[count:]
        for index in range(len(connection.tunnels), count):
            connection.tunnels.append(Tunnel(index, [Segment(now, ConnectionStatus.UNKNOWN)]))
            self._history.add(now, str(connection.id), index, up=False, cause=Cause.CREATED)

    def _down(self, connection: Connection, tunnel: Tunnel, status: ConnectionStatus, cause: Cause) -> None:
        now = self._timeline.now
        if tunnel.established is not None:
            self._history.add(now, str(connection.id), tunnel.index, up=False, cause=cause)
            self.marks.down(connection.id.key, tunnel.index, now, cause)
            self._judge.down(connection.id.key, tunnel.index)
        self.marks.quiet(connection.id.key, tunnel.index, now)
        tunnel.go_down(now, status)

    def _refused(
        self, connection: Connection, live: LiveConfig, tunnel: Tunnel, cause: Cause, refusal: Refusal
    ) -> None:
        self._down(connection, tunnel, ConnectionStatus.NOT_CONNECTED, cause)
        self.marks.failed(connection.id.key, tunnel.index, self._timeline.now, refusal, live.protocol)

    def _flow(self, connection: Connection) -> None:
        if connection.live is not None:
            rates = self._rates(connection.live)
            for tunnel in connection.tunnels:
                tunnel.flow(self._timeline.now, *rates)

    def _rates(self, live: LiveConfig) -> tuple[int, int]:
        device = self._site(live.peer).device
        if {live.own_gateway, live.peer} & self._silent_gateways or (device is not None and device.silent):
            return 0, 0
        if device is None:
            return _PAIR_RATE, _PAIR_RATE
        return device.ingress_bytes_per_second, device.egress_bytes_per_second

    def _between(self, connection: Connection, live: LiveConfig, tunnel: Tunnel) -> Attempt:
        far: Device | LiveConfig | None
        if live.type == "Vnet2Vnet":
            other = self.other_half(connection)
            far, answers = (other.live if other is not None else None), True
        else:
            site = self._site(live.peer)
            far = site.at(tunnel.index)
            answers = site.answers(tunnel.index) and self._store.find(live.peer) is not None
        return Attempt(
            connection.id.key,
            tunnel.index,
            (tunnel.generation, tunnel.rekeys),
            live,
            far,
            answers,
            public_addresses(self._store, connection, tunnel.index),
        )

    def _site(self, gateway_key: str) -> Site:
        return self._sites.get(gateway_key, _NOBODY)

    def _live_at(self, gateway_key: str) -> Iterator[Connection]:
        return (c for c in self._store.at_end(gateway_key) if c.live is not None)


def ike_sa_age(tunnel: Tunnel, now: float) -> tuple[int, float]:
    """Return which main-mode SA since the tunnel came up is in use, and its age in simulated seconds."""
    up = now - (tunnel.established if tunnel.established is not None else now)
    return int(up // IKE_LIFETIME_SECONDS), up % IKE_LIFETIME_SECONDS


def _flaps(device: Device | None) -> Flaps | None:
    return device.flaps if device is not None else None
