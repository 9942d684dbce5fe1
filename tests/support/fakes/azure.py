"""Azure behind its ports, in memory: the state of the world, and a journal of what was written.

A contract test holds it to the simulator. Operations take time of the clock that it is given; documents are read by the same
reader as Azure's, so a test can put any property there.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from azure_vpn_operator.domain.azure.bgp_sessions import BgpSession
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.live_connection import LiveConnection, read_live_connection
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, SharedKey, Unreadable
from azure_vpn_operator.domain.pairs.foreign_half import read_listed_half
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.ports import (
    Accepted,
    BgpAnswer,
    GatewayUse,
    IkeSasAnswer,
    OperationState,
    OperationStatus,
    Pending,
)
from azure_vpn_operator.runtime.clock import Clock
from support.fakes.documents import copied

T = TypeVar("T")

Verb = Literal[
    "get",
    "list_group",
    "list_of_gateway",
    "put",
    "patch_tags",
    "delete",
    "get_shared_key",
    "put_shared_key",
    "reset",
    "poll",
    "get_gateway",
    "get_local_gateway",
    "get_address_space",
    "list_gateways",
    "list_local_gateways",
    "ask_bgp_sessions",
    "look_at_bgp_sessions",
    "get_ike_sas",
    "look_at_ike_sas",
]
BUSY = Fault(
    FaultKind.BUSY, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress."
)
SITE_ASN = 65100
"""The AS number of every site that has BGP."""
_HARMLESS = ("routingWeight", "provisioningState")
"""Properties that the tunnel does not depend on."""
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""What the clocks of the tests count from, but for a thousand seconds."""
_READ_ONLY = ("connectionStatus", "tunnelConnectionStatus", "ingressBytesTransferred", "egressBytesTransferred")


@dataclass(frozen=True, slots=True)
class Write:
    """One write that reached Azure. Keys are not in it."""

    verb: Verb
    name: str
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Connection:
    """A connection as it is in Azure; `document` may be changed by a test at any time, as somebody in the portal would."""

    document: dict[str, Any]
    key: str
    tunnel: str = "Connected"
    """What Azure reports of the tunnel while no operation runs."""
    ingress_bytes: int | None = None
    """None: a byte comes in every second, as long as the tunnel is up."""
    egress_bytes: int = 0
    device: "Device | None" = None
    """None: the tunnel is as a test says, whatever is written."""


@dataclass(slots=True)
class Device:
    """What is at the other end. It decides, whenever a write has ended, whether the tunnel comes up."""

    accepts: Callable[[Mapping[str, Any], str], bool] = lambda _properties, _key: True
    """From the connection's properties and key."""
    back_after: float = 5.0
    """Seconds until the tunnel is up again."""
    shows_times: bool = True
    """Whether Azure tells when the tunnel came up."""
    lag: float = 0.0
    """How many seconds Azure's report is behind."""
    negotiated: tuple[Any, ...] | None = None
    """The settings that the tunnel last began with."""
    history: list[tuple[float, str]] = field(default_factory=lambda: [(0.0, "Connected")])
    """From when on the tunnel was in which state; the newest comes last."""

    def negotiate(self, properties: Mapping[str, Any], key: str, now: float) -> None:
        """These settings are in force; the tunnel begins anew if they are others than before."""
        settings = (key, {name: value for name, value in properties.items() if name not in _HARMLESS})
        if settings == self.negotiated:
            return
        self.negotiated = settings
        self.history = [item for item in self.history if item[0] <= now]
        self.history.append((now, "NotConnected"))
        if self.accepts(properties, key):
            self.history.append((now + self.back_after, "Connected"))

    def reset(self, now: float) -> None:
        """The tunnel begins anew with the settings that it had."""
        self.history = [item for item in self.history if item[0] <= now]
        was_agreed = any(state == "Connected" for _, state in self.history[-1:])
        self.history += [(now, "NotConnected"), *([(now + self.back_after, "Connected")] if was_agreed else [])]

    def drop(self, now: float, seconds: float) -> None:
        """The tunnel goes down for so long, for whatever reason, if it is up."""
        if self.state(now) == "Connected":
            self.history = [item for item in self.history if item[0] <= now]
            self.history += [(now, "NotConnected"), (now + seconds, "Connected")]

    def state(self, moment: float) -> str:
        """What the tunnel really is at a moment."""
        return next(state for since, state in reversed(self.history) if since <= max(moment, 0.0))

    def established(self, moment: float) -> float | None:
        """When the tunnel last came up before a moment."""
        return next(
            (since for since, state in reversed(self.history) if state == "Connected" and since <= moment), None
        )

    def seconds_up(self, moment: float) -> float:
        """How long the tunnel has been up in all."""
        ends = [*(since for since, _ in self.history[1:]), max(moment, self.history[-1][0])]
        spans = zip(self.history, ends, strict=True)
        return sum(max(min(end, moment) - since, 0.0) for (since, state), end in spans if state == "Connected")


@dataclass(slots=True)
class _Operation:
    connection: ArmId
    ends_at: float
    fault: Fault | None
    deletes: bool = False
    resets: bool = False
    done: bool = False


@dataclass(slots=True)
class _Failure:
    fault: Fault
    times: int
    lost: bool


class FakeAzure:
    """One subscription's connections and gateways; keeps `ConnectionsPort` and `GatewaysPort`."""

    def __init__(self, clock: Clock, *, operation_seconds: float = 30.0) -> None:
        """Start empty; every operation takes this long unless `operation_seconds` is set to something else later."""
        self.clock = clock
        self.operation_seconds = operation_seconds
        self.writes: list[Write] = []
        self.reads: list[tuple[Verb, str]] = []
        self.world: dict[ArmId, Connection] = {}
        self.gateways: dict[ArmId, GatewayFacts] = {}
        self.local_gateways: dict[ArmId, LocalGatewayFacts] = {}
        self.networks: dict[ArmId, tuple[str, ...]] = {}
        """Address prefixes of virtual networks."""
        self.bgp_seconds = 10.0
        """How long Azure takes to tell the BGP sessions of a gateway."""
        self.bgp_states: dict[str, str] = {}
        """States of sessions by neighbor, where they are not to follow the tunnel."""
        self.ike_seconds = 5.0
        """How long Azure takes to tell the IKE SAs of a connection."""
        self.silent_instances = 0
        """So many instances of each active-active gateway have no tunnel."""
        self._questions: dict[str, float] = {}
        self.locks_peer = False
        """Whether an operation on a VNet-to-VNet connection locks the peer's gateway too."""
        self.operation_fault: Fault | None = None
        """How operations that are started from now on end; None: well."""
        self._operations: dict[str, _Operation] = {}
        self._numbers = itertools.count(1)
        self._failures: dict[Verb, _Failure] = {}

    def add_gateway(self, gateway: ArmId, **facts: Any) -> GatewayFacts:
        """Put a RouteBased VpnGw2AZ gateway there; keywords replace its facts."""
        usual: dict[str, Any] = {
            "id": gateway,
            "location": "eastus",
            "sku": "VpnGw2AZ",
            "vpn_type": "RouteBased",
            "gateway_type": "Vpn",
            "active_active": False,
            "enable_bgp": False,
            "bgp_asn": None,
            "provisioning_state": "Succeeded",
            "ip_configuration_ids": (f"{gateway}/ipConfigurations/default",),
        }
        self.gateways[gateway] = GatewayFacts(**(usual | facts))
        return self.gateways[gateway]

    def add_local_gateway(
        self, local_gateway: ArmId, *bgp_addresses: str, prefixes: tuple[str, ...] = (), public_address: str = ""
    ) -> None:
        """Put a local network gateway there; with an address it has BGP. `prefixes` lie behind it."""
        self.local_gateways[local_gateway] = LocalGatewayFacts(local_gateway, bgp_addresses, prefixes, public_address)

    def add_connection(self, connection: ArmId, body: Mapping[str, Any], *, key: str = "given-by-azure") -> Connection:
        """Put a connection there that somebody else made: settled, and with the tunnel up."""
        self.world[connection] = made = Connection(_stored(connection, body, "Succeeded"), key)
        return made

    def fail(self, verb: Verb, fault: Fault, *, times: int = 1, lost: bool = False) -> None:
        """Let the next calls of a method end in a fault; `lost` means that Azure carries them out all the same."""
        self._failures[verb] = _Failure(fault, times, lost)

    @property
    def operations_in_progress(self) -> int:
        """How many operations run now."""
        self._pass_time()
        return sum(not operation.done for operation in self._operations.values())

    def connection_of(self, operation_url: str) -> str:
        """Name of the connection that an operation is about; empty if there is no such operation."""
        operation = self._operations.get(operation_url)
        return operation.connection.name if operation else ""

    async def get(self, connection: ArmId) -> Read[LiveConnection]:
        """As the port says."""
        return self._read("get", connection, lambda: self._live(connection))

    async def list_group(self, subscription: str, resource_group: str) -> Read[Sequence[LiveConnection]]:
        """As the port says; a group exists as long as something is in it."""
        return self._list("list_group", subscription, resource_group, self.world, self._item)

    async def list_of_gateway(self, gateway: ArmId) -> Read[Sequence[GatewayUse]]:
        """As the port says."""

        def listed() -> Present[Sequence[GatewayUse]] | Absent:
            if gateway not in self.gateways:
                return Absent()
            return Present(
                tuple(
                    GatewayUse(
                        str(found),
                        self.world[found].document["properties"]["provisioningState"],
                        read_listed_half(self.world[found].document),
                    )
                    for found in self.world
                    if gateway in self._gateways_of(found)
                )
            )

        return self._read("list_of_gateway", gateway, listed)

    async def put(self, connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
        """As the port says; the key counts on creation only."""

        def carry_out() -> Accepted | Fault:
            wanted = self._references(body)
            if not all(gateway in self.gateways or gateway in self.local_gateways for gateway in wanted):
                return Fault(
                    FaultKind.NOT_FOUND, "InvalidResourceReference", "A resource that is named does not exist."
                )
            if self._is_busy(wanted):
                return BUSY
            before = self.world.get(connection)
            key = before.key if before else str(body["properties"].get("sharedKey") or "given-by-azure")
            tunnel = before.tunnel if before else "Connected"
            ingress, egress = (before.ingress_bytes, before.egress_bytes) if before else (None, 0)
            device = before.device if before else None
            made = Connection(_stored(connection, body, "Updating"), key, tunnel, ingress, egress, device)
            self.world[connection] = made
            return self._begin(connection)

        return self._write("put", connection, body, carry_out)

    async def patch_tags(self, connection: ArmId, tags: Mapping[str, str]) -> Accepted | Fault:
        """As the port says; done at once."""

        def carry_out() -> Accepted | Fault:
            self.world[connection].document["tags"] = dict(tags)
            return Accepted(operation_url=None, retry_after=0.0)

        return self._write("patch_tags", connection, {"tags": dict(tags)}, self._if_there(connection, carry_out))

    async def delete(self, connection: ArmId) -> Accepted | Fault:
        """As the port says."""

        def carry_out() -> Accepted | Fault:
            if connection not in self.world:
                return Accepted(operation_url=None, retry_after=0.0)
            if self._is_busy(self._gateways_of(connection)):
                return BUSY
            self.world[connection].document["properties"]["provisioningState"] = "Deleting"
            return self._begin(connection, deletes=True)

        return self._write("delete", connection, {}, carry_out)

    async def get_shared_key(self, connection: ArmId) -> Read[SharedKey]:
        """As the port says."""

        def found() -> Present[SharedKey] | Absent:
            known = self.world.get(connection)
            return Present(SharedKey(known.key)) if known else Absent()

        return self._read("get_shared_key", connection, found)

    async def put_shared_key(self, connection: ArmId, key: SharedKey) -> Accepted | Fault:
        """As the port says."""

        def carry_out() -> Accepted | Fault:
            if self._is_busy(self._gateways_of(connection)):
                return BUSY
            self.world[connection].key = key.value
            self.world[connection].document["properties"]["provisioningState"] = "Updating"
            return self._begin(connection)

        return self._write("put_shared_key", connection, {}, self._if_there(connection, carry_out))

    async def reset(self, connection: ArmId) -> Accepted | Fault:
        """As the port says; the tunnel goes down when the operation ends."""

        def carry_out() -> Accepted | Fault:
            if self._is_busy(self._gateways_of(connection)):
                return BUSY
            return self._begin(connection, resets=True)

        return self._write("reset", connection, {}, self._if_there(connection, carry_out))

    async def poll(self, operation_url: str, subscription: str) -> OperationState | Fault:
        """As the port says."""
        del subscription
        self.reads.append(("poll", operation_url))
        failure = self._next_failure("poll")
        if failure is not None:
            return failure.fault
        self._pass_time()
        operation = self._operations.get(operation_url)
        if operation is None:
            return OperationState(OperationStatus.GONE)
        if not operation.done:
            return OperationState(OperationStatus.IN_PROGRESS)
        status = OperationStatus.FAILED if operation.fault else OperationStatus.SUCCEEDED
        return OperationState(status, fault=operation.fault)

    async def get_gateway(self, gateway: ArmId) -> Read[GatewayFacts]:
        """As the port says."""
        found = self.gateways.get(gateway)
        return self._read("get_gateway", gateway, lambda: Present(found) if found else Absent())

    async def get_local_gateway(self, local_gateway: ArmId) -> Read[LocalGatewayFacts]:
        """As the port says."""
        found = self.local_gateways.get(local_gateway)
        return self._read("get_local_gateway", local_gateway, lambda: Present(found) if found else Absent())

    async def get_address_space(self, network: ArmId) -> Read[tuple[str, ...]]:
        """As the port says."""
        found = self.networks.get(network)
        return self._read("get_address_space", network, lambda: Present(found) if found is not None else Absent())

    async def list_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[GatewayFacts]]:
        """As the port says."""
        return self._list("list_gateways", subscription, resource_group, self.gateways)

    async def list_local_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[LocalGatewayFacts]]:
        """As the port says."""
        return self._list("list_local_gateways", subscription, resource_group, self.local_gateways)

    async def ask_bgp_sessions(self, gateway: ArmId) -> BgpAnswer:
        """As the port says; the answer takes `bgp_seconds`."""
        self.reads.append(("ask_bgp_sessions", gateway.name))
        failure = self._next_failure("ask_bgp_sessions")
        if failure is not None:
            return failure.fault
        if gateway not in self.gateways:
            return Fault(FaultKind.NOT_FOUND, "ResourceNotFound", "The gateway was not found.")
        url = f"https://azure.test/bgp/{next(self._numbers)}"
        return self._question(url, self.bgp_seconds)

    async def look_at_bgp_sessions(self, gateway: ArmId, url: str) -> BgpAnswer:
        """As the port says; the sessions are those at the time of the look."""
        self.reads.append(("look_at_bgp_sessions", gateway.name))
        failure = self._next_failure("look_at_bgp_sessions")
        if failure is not None:
            return failure.fault
        return self._not_yet(url) or tuple(self._sessions_of(gateway))

    async def get_ike_sas(self, connection: ArmId) -> IkeSasAnswer:
        """As the port says; the answer takes `ike_seconds`."""
        self.reads.append(("get_ike_sas", connection.name))
        failure = self._next_failure("get_ike_sas")
        if failure is not None:
            return failure.fault
        if connection not in self.world:
            return Fault(FaultKind.NOT_FOUND, "ResourceNotFound", "The connection was not found.")
        return self._question(f"https://azure.test/ike/{next(self._numbers)}", self.ike_seconds)

    async def look_at_ike_sas(self, connection: ArmId, url: str) -> IkeSasAnswer:
        """As the port says; the SAs are those when the answer was ready, however late Azure's report is."""
        self.reads.append(("look_at_ike_sas", connection.name))
        failure = self._next_failure("look_at_ike_sas")
        if failure is not None:
            return failure.fault
        self._pass_time()
        return self._not_yet(url) or tuple(self._sas_of(connection, self._questions[url]))

    def _question(self, url: str, seconds: float) -> Pending:
        self._questions[url] = self.clock.monotonic() + seconds
        return Pending(url, 10.0)

    def _not_yet(self, url: str) -> Pending | Fault | None:
        if url not in self._questions:
            return Fault(FaultKind.NOT_FOUND, "NotFound", "The operation was not found.")
        return Pending(url, 10.0) if self._questions[url] > self.clock.monotonic() else None

    def _sas_of(self, connection: ArmId, now: float) -> Iterator[IkeSa]:
        held = self.world[connection]
        device = held.device or Device(history=[(0.0, held.tunnel)])
        began = device.established(now) if device.state(now) == "Connected" else None
        own, other = self._gateways_of(connection)
        for number in range(2 - self.silent_instances if self.gateways[own].active_active else 1):
            if began is not None:
                yield IkeSa(f"{own.name}-{number}".lower(), other.name.lower(), float(int(now - began)), has_child=True)

    def _sessions_of(self, gateway: ArmId) -> Iterator[BgpSession]:
        for connection, held in self.world.items():
            ends = self._gateways_of(connection)
            if gateway != ends[0] or not held.document["properties"].get("enableBgp"):
                continue
            other = ends[1]
            site, peer = self.local_gateways.get(other), self.gateways.get(other)
            neighbors = site.bgp_addresses if site else peer.bgp_addresses if peer else ()
            for local, neighbor in itertools.product(self.gateways[gateway].bgp_addresses, neighbors):
                up = "Connected" if held.tunnel == "Connected" else "Connecting"
                asn = peer.bgp_asn if peer else SITE_ASN
                state = self.bgp_states.get(neighbor, up)
                yield BgpSession(local, neighbor, asn, state, 3 if state == "Connected" else 0)

    def _list(
        self,
        verb: Verb,
        subscription: str,
        resource_group: str,
        known: Mapping[ArmId, Any],
        show: Callable[[ArmId], Any] | None = None,
    ) -> Read[Sequence[Any]]:
        group = (subscription.lower(), resource_group.lower())

        def listed() -> Present[Sequence[Any]] | Absent:
            if group not in {_group(found) for found in (*self.world, *self.gateways, *self.local_gateways)}:
                return Absent()
            return Present(tuple((show or known.__getitem__)(found) for found in known if _group(found) == group))

        return self._read(verb, resource_group, listed)

    def _read(self, verb: Verb, what: ArmId | str, found: Callable[[], Read[T]]) -> Read[T]:
        self._pass_time()
        self.reads.append((verb, what.name if isinstance(what, ArmId) else what))
        failure = self._next_failure(verb)
        return Unreadable(failure.fault) if failure else found()

    def _write(
        self, verb: Verb, connection: ArmId, body: Mapping[str, Any], carry_out: Callable[[], Accepted | Fault]
    ) -> Accepted | Fault:
        self._pass_time()
        self.writes.append(Write(verb, connection.name, _without_key(body)))
        failure = self._next_failure(verb)
        if failure is not None and not failure.lost:
            return failure.fault
        result = carry_out()
        return failure.fault if failure else result

    def _next_failure(self, verb: Verb) -> _Failure | None:
        failure = self._failures.get(verb)
        if failure is None:
            return None
        failure.times -= 1
        if failure.times <= 0:
            del self._failures[verb]
        return failure

    def _if_there(self, connection: ArmId, carry_out: Callable[[], Accepted | Fault]) -> Callable[[], Accepted | Fault]:
        missing = Fault(FaultKind.NOT_FOUND, "ResourceNotFound", "The connection was not found.")
        return lambda: carry_out() if connection in self.world else missing

    def _begin(self, connection: ArmId, *, deletes: bool = False, resets: bool = False) -> Accepted:
        url = f"https://azure.test/operations/{next(self._numbers)}"
        ends_at = self.clock.monotonic() + self.operation_seconds
        self._operations[url] = _Operation(connection, ends_at, self.operation_fault, deletes, resets)
        return Accepted(operation_url=url, retry_after=10.0)

    def _pass_time(self) -> None:
        now = self.clock.monotonic()
        for operation in self._operations.values():
            if operation.done or operation.ends_at > now:
                continue
            operation.done = True
            known = self.world.get(operation.connection)
            if known is None:
                continue
            if operation.resets:
                if known.device is not None and operation.fault is None:
                    known.device.reset(operation.ends_at)
            elif operation.deletes and operation.fault is None:
                del self.world[operation.connection]
            else:
                known.document["properties"]["provisioningState"] = "Failed" if operation.fault else "Succeeded"
                if known.device is not None and operation.fault is None:
                    known.device.negotiate(known.document["properties"], known.key, operation.ends_at)

    def _is_busy(self, gateways: Sequence[ArmId]) -> bool:
        running = [operation.connection for operation in self._operations.values() if not operation.done]
        locked = 2 if self.locks_peer else 1
        own = set(gateways[:1])
        return any(own & set(self._gateways_of(connection)[:locked]) for connection in running)

    def _gateways_of(self, connection: ArmId) -> tuple[ArmId, ...]:
        known = self.world.get(connection)
        return self._references(known.document) if known else ()

    def _references(self, document: Mapping[str, Any]) -> tuple[ArmId, ...]:
        properties = document["properties"]
        names = ("virtualNetworkGateway1", "virtualNetworkGateway2", "localNetworkGateway2")
        return tuple(ArmId.parse(properties[name]["id"]) for name in names if properties.get(name))

    def _live(self, connection: ArmId) -> Present[LiveConnection] | Absent:
        known = self.world.get(connection)
        if known is None:
            return Absent()
        document = copied(known.document)
        if document["properties"]["provisioningState"] == "Succeeded":
            if known.device is not None:
                self._report(known.device, document["properties"])
            document["properties"].setdefault("connectionStatus", known.tunnel)
            ingress = known.ingress_bytes if known.ingress_bytes is not None else self._bytes_of(known)
            document["properties"].setdefault("ingressBytesTransferred", ingress)
            document["properties"].setdefault("egressBytesTransferred", known.egress_bytes)
        return Present(read_live_connection(document))

    def _bytes_of(self, known: Connection) -> int:
        now = self.clock.monotonic()
        return int(now if known.device is None else known.device.seconds_up(now - known.device.lag))

    def _report(self, device: Device, properties: dict[str, Any]) -> None:
        moment = self.clock.monotonic() - device.lag
        properties["connectionStatus"] = device.state(moment)
        established = device.established(moment)
        if device.shows_times and established is not None:
            came_up = (EPOCH + timedelta(seconds=established)).strftime("%m/%d/%Y %H:%M:%S")
            tunnel = {"tunnel": "one", "connectionStatus": properties["connectionStatus"]}
            properties["tunnelConnectionStatus"] = [tunnel | {"lastConnectionEstablishedUtcTime": came_up}]

    def _item(self, connection: ArmId) -> LiveConnection:
        document = copied(self.world[connection].document)
        for name in _READ_ONLY:
            document["properties"].pop(name, None)
        return read_live_connection(document)


def _group(known: ArmId) -> tuple[str, str]:
    return known.subscription.lower(), known.resource_group.lower()


def _stored(connection: ArmId, body: Mapping[str, Any], state: str) -> dict[str, Any]:
    document = copied(body)
    properties = {
        name: value for name, value in document["properties"].items() if name not in {"sharedKey", *_READ_ONLY}
    }
    document["properties"] = properties | {"provisioningState": state}
    return document | {"id": str(connection), "name": connection.name}


def _without_key(body: Mapping[str, Any]) -> Mapping[str, Any]:
    document = copied(body)
    if "sharedKey" in document.get("properties", {}):
        document["properties"]["sharedKey"] = "***"
    return document
