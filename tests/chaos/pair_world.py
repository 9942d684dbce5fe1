"""The world of the histories: two pairs of two objects, one object that owns a pair, one site; and the laws that hold at rest.

Every gateway carries three connections, so the pairs stand in each other's way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import SharedKey
from azure_vpn_operator.ports import Accepted
from support.world.core import CONNECTION, OWNER, POLICY, POLICY_SPEC, CoreHarness, Interference, connection_id

POLICIES: Final = ("p", "q")
REFUSED: Final = Fault(FaultKind.REJECTED, "InvalidPolicy", "The policy is not to this gateway's liking.")


@dataclass(frozen=True, slots=True)
class Half:
    """One connection in Azure."""

    azure_name: str
    group: str

    @property
    def id(self) -> ArmId:
        """Its resource id."""
        return connection_id(self.azure_name, self.group)


@dataclass(frozen=True, slots=True)
class Tunnel:
    """What is between two ends: the objects that speak of it, and the connections that it consists of."""

    name: str
    objects: tuple[str, ...]
    halves: tuple[Half, ...]
    secret: str | None
    """None: the key is random."""

    def half_of(self, name: str) -> tuple[Half, ...]:
        """The connections that one object makes."""
        return self.halves if len(self.objects) == 1 else (self.halves[self.objects.index(name)],)


def _halves(one: str, two: str) -> tuple[Half, Half]:
    return Half(f"VNet{one}toVNet{two}", f"TestRG{one}"), Half(f"VNet{two}toVNet{one}", f"TestRG{two}")


TUNNELS: Final = (
    Tunnel("one-two", ("one", "two"), _halves("1", "2"), "keys"),
    Tunnel("three-four", ("three", "four"), _halves("2", "3"), "more-keys"),
    Tunnel("owned", ("owned",), _halves("1", "3"), None),
    Tunnel("site", ("site",), (Half("VNet1toSite6", "TestRG1"),), "keys"),
)
OBJECTS: Final = tuple(name for tunnel in TUNNELS for name in tunnel.objects)
SECRETS: Final = ("keys", "more-keys")
TUNNEL_OF: Final = {name: tunnel for tunnel in TUNNELS for name in tunnel.objects}


def spec_of(name: str, policy: str = "p", **changes: Any) -> dict[str, Any]:
    """The spec of one of the objects; None takes a field away."""
    tunnel = TUNNEL_OF[name]
    half = tunnel.half_of(name)[0]
    spec: dict[str, Any] = {
        "azureName": half.azure_name,
        "resourceGroup": half.group,
        "virtualNetworkGateway": {"name": f"VNet{half.group[-1]}GW"},
        "ipsecPolicyRef": {"name": policy},
        "sharedKeySecretRef": {"name": tunnel.secret} if tunnel.secret else None,
        "driftPolicy": "Correct",
        "adoptionPolicy": "Always",
    }
    if name == "site":
        spec["localNetworkGateway"] = {"name": "Site6"}
    else:
        peer = half.azure_name[-1]
        spec["peerVirtualNetworkGateway"] = {"name": f"VNet{peer}GW", "resourceGroup": f"TestRG{peer}"}
    if name == "owned":
        spec["reverse"] = {"azureName": tunnel.halves[1].azure_name, "resourceGroup": tunnel.halves[1].group}
    return {field: value for field, value in (spec | changes).items() if value is not None}


class PairWorld(CoreHarness):
    """The harness with that world in it, nothing applied to Azure yet."""

    def __init__(self, *, seed: int, locks_peer: bool) -> None:
        """Make gateways, Secrets, policies and objects."""
        super().__init__(seed=seed, drift_interval=120)
        self.azure.locks_peer = locks_peer
        self.refused: set[str] = set()
        """Names of connections of which Azure takes no PUT."""
        self.repeated_keys: list[str] = []
        """Connections that were sent the key that they had."""
        self.lost_keys: set[str] = set()
        """Connections whose next accepted key is not answered for."""
        self.doubtful_keys: set[str] = set()
        """Connections of whose last key the operator cannot know that it arrived: it may rightly send it again."""
        self._watch_keys()
        for number in ("2", "3"):
            self.add_gateway(f"VNet{number}GW", f"TestRG{number}")
        for secret in SECRETS:
            self.put_key("Key0", secret)
        for policy in POLICIES:
            self.apply(POLICY, policy, POLICY_SPEC)
        for name in OBJECTS:
            self.apply(CONNECTION, name, spec_of(name))

    def doubt_keys_of(self, name: str) -> None:
        """Answer no more for the next key of the tunnel of an object or a connection."""
        for tunnel in TUNNELS:
            names = {half.azure_name for half in tunnel.halves}
            if name in tunnel.objects or name in names:
                self.doubtful_keys |= names

    def refusal(self, verb: str, what: str) -> Interference | None:
        """What a refused half says to a PUT."""
        return Interference(fault=REFUSED) if verb == "put" and what in self.refused else None

    def properties(self, half: Half) -> dict[str, Any] | None:
        """What Azure holds of a connection, if it is there."""
        found = self.azure.world.get(half.id)
        return found.document["properties"] if found is not None else None

    def _watch_keys(self) -> None:
        # Put in the place of the methods, since the harness has handed this very object to every core, and must see the calls itself.
        send, create = self.azure.put_shared_key, self.azure.put

        async def put(connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
            answer = await create(connection, body)
            if isinstance(answer, Accepted) and self.azure.operation_fault is not None:
                # Whether a creation that failed has set its key, nobody can know: then the pair gets it once more.
                self.doubtful_keys |= {connection.name, _other_half(connection.name)}
            return answer

        self.azure.put = put  # type: ignore[method-assign]

        async def put_shared_key(connection: ArmId, key: SharedKey) -> Accepted | Fault:
            held = self.azure.world.get(connection)
            before = held.key if held is not None else None
            answer = await send(connection, key)
            if not isinstance(answer, Accepted):
                return answer
            if before == key.value and connection.name not in self.doubtful_keys:
                self.repeated_keys.append(connection.name)
            self.doubtful_keys.discard(connection.name)
            if self.azure.operation_fault is not None or connection.name in self.lost_keys:
                self.lost_keys.discard(connection.name)
                # The pair gets its key in one window: the other half is sent it again as well.
                self.doubtful_keys |= {connection.name, _other_half(connection.name)}
            return answer

        self.azure.put_shared_key = put_shared_key  # type: ignore[method-assign]


def _other_half(name: str) -> str:
    one, _, other = name.partition("to")
    return f"{other}to{one}"


def mixed_tunnels(world: PairWorld) -> Iterator[str]:
    """The tunnels whose two halves are there and do not hold the same policy and key, although Azure would let them."""
    for tunnel in TUNNELS:
        found = [world.azure.world.get(half.id) for half in tunnel.halves]
        there = [held for held in found if held is not None]
        if len(there) != 2 or {half.azure_name for half in tunnel.halves} <= world.refused:
            # Of two halves that take no PUT, neither can follow nor go back.
            continue
        one, two = there
        if one.document["properties"]["ipsecPolicies"] != two.document["properties"]["ipsecPolicies"]:
            yield f"{tunnel.name}: policies {[_brief(held.document['properties']) for held in there]}"
        if one.key != two.key:
            yield f"{tunnel.name}: keys {one.key} and {two.key}"


def broken_promises(world: PairWorld) -> Iterator[str]:
    """What is not as the objects say, although nothing is in the way any more."""
    yield from mixed_tunnels(world)
    wanted = {half.id for name in OBJECTS if world.document(name) for half in TUNNEL_OF[name].half_of(name)}
    for known, held in world.azure.world.items():
        if known not in wanted:
            yield f"{known.name} is left in Azure with the tags {held.document['tags']}"
    for name in OBJECTS:
        document = world.document(name)
        if document is not None:
            yield from _broken_of(world, name, document)
    for kind, _, name in world.cluster.documents:
        if "deletionTimestamp" in world.cluster.documents[kind, "network", name]["metadata"]:
            yield f"{kind} {name} is held by its finalizer"


def _broken_of(world: PairWorld, name: str, document: Mapping[str, Any]) -> Iterator[str]:
    spec, tunnel = document["spec"], TUNNEL_OF[name]
    policy = world.document(spec["ipsecPolicyRef"]["name"], POLICY)
    for half in tunnel.half_of(name):
        held = world.azure.world.get(half.id)
        if held is None:
            yield f"{half.azure_name} of {name} is not in Azure"
            continue
        properties, tags = held.document["properties"], held.document["tags"]
        if policy is not None and properties["ipsecPolicies"] != [policy["spec"]]:
            yield f"{half.azure_name} holds {_brief(properties)}"
        if properties["routingWeight"] != spec.get("routingWeight", 0):
            yield f"{half.azure_name} has the weight {properties['routingWeight']}"
        if tags.get("azvpn-owner") != f"{OWNER}/{name}":
            yield f"{half.azure_name} has lost its owner tag: {tags}"
        if tags.get("t") != spec.get("tags", {}).get("t"):
            yield f"{half.azure_name} has the tags {tags}"
        if tunnel.secret is not None:
            wanted = world.cluster.secrets["network", tunnel.secret][1]["sharedKey"].decode()
            if held.key != wanted:
                yield f"{half.azure_name} has the key {held.key} and not {wanted}"
    if world.ready(name) != ("True", "UpToDate"):
        yield f"{name} says {world.ready(name)}: {world.message(name)}"


def _brief(properties: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(policy["dhGroup"], policy["saLifeTimeSeconds"]) for policy in properties["ipsecPolicies"]]
