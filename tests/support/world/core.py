"""The core on a fake Azure and a fake API server: a world that survives, and a core that can be lost at any await.

Everything that the core says to the outside goes through one place here. There it is counted, and a test can put in a crash (all memory is
lost, and a new core starts at once), a fault, or a fault whose call was carried out all the same.

It is one long module because the verbs of users, the border and the looks at the outcome all work on the same world.
"""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, cast

from azure_vpn_operator.app.core import Core, Ports
from azure_vpn_operator.app.leadership import Leadership, LeadershipLostError
from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.domain.access import EVERYTHING, AccessRules, Identity
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.azure.lookups import Unreadable
from azure_vpn_operator.ports import (
    Accepted,
    AnyVersion,
    ConnectionsPort,
    DigestKeysPort,
    EventsPort,
    GatewayLogsPort,
    GatewaysPort,
    ObjectsPort,
    SecretsPort,
)
from azure_vpn_operator.telemetry.metrics import Metrics
from support.checkers import check_status
from support.fakes.azure import Connection, FakeAzure
from support.fakes.clock import FakeClock
from support.fakes.cluster import FakeCluster, StatusWritten
from support.fakes.documents import copied
from support.fakes.gateway_logs import FakeGatewayLogs

SUBSCRIPTION: Final = "11111111-2222-3333-4444-555555555555"
NAMESPACE: Final = "network"
KEY: Final = "CanaryKey4Site6"
CONNECTION: Final = "VpnConnection"
POLICY: Final = "IpsecPolicy"
OWNER: Final = f"it/{NAMESPACE}"
"""Start of our owner tags; the object's name follows."""

AZURE_READS: Final = frozenset(
    {
        "get",
        "list_group",
        "list_of_gateway",
        "get_shared_key",
        "get_gateway",
        "get_local_gateway",
        "get_address_space",
        "list_gateways",
        "list_local_gateways",
    }
)
AZURE_WRITES: Final = frozenset({"put", "patch_tags", "delete", "put_shared_key", "reset"})
CLUSTER_CALLS: Final = frozenset({"list_all", "write_status", "write_finalizers", "read"})

POLICY_SPEC: Final[Mapping[str, Any]] = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
    "saLifeTimeSeconds": 14400,
    "saDataSizeKilobytes": 102400000,
}


class CrashError(BaseException):
    """The process is gone at this point."""


async def abandon_all() -> None:
    """End whatever a failing test has left running."""
    for harness in HARNESSES:
        await harness.abandon()
    HARNESSES.clear()


class NeverSettlesError(AssertionError):
    """The world is still changing after a very long time."""


@dataclass(frozen=True, slots=True)
class Interference:
    """What happens to one call instead of the call. `carried_out`: the call takes place, only its answer is lost."""

    fault: Fault | None = None
    crash: bool = False
    error: Exception | None = None
    carried_out: bool = False


Interfere = Callable[[int, str, str], Interference | None]
"""From the number of the call (from 1), the method and what it is about to what shall happen to it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A write that reached Azure, and whether Azure took it."""

    verb: str
    name: str
    accepted: bool


def arm_id(kind: str, name: str, group: str = "TestRG1") -> ArmId:
    """The id of a resource in the harness's subscription."""
    return ArmId.build(SUBSCRIPTION, group, kind, name)


def connection_id(name: str, group: str = "TestRG1") -> ArmId:
    """The id of a connection."""
    return arm_id("connections", name, group)


def site_spec(site: str = "Site6", **changes: Any) -> dict[str, Any]:
    """A site-to-site connection VNet1to<site> on VNet1GW with policy and key; None takes a field away."""
    spec = {
        "azureName": f"VNet1to{site}",
        "resourceGroup": "TestRG1",
        "virtualNetworkGateway": {"name": "VNet1GW"},
        "localNetworkGateway": {"name": site},
        "ipsecPolicyRef": {"name": "site6"},
        "sharedKeySecretRef": {"name": "keys"},
    } | changes
    return {name: value for name, value in spec.items() if value is not None}


def wire_policy(**changes: Any) -> dict[str, Any]:
    """The policy as Azure shows it."""
    return {**POLICY_SPEC, **changes}


def wire_connection(site: str = "Site6", *, tags: Mapping[str, str] | None = None, **properties: Any) -> dict[str, Any]:
    """What Azure holds once `site_spec()` is in force; None takes a property away."""
    held = {
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": str(arm_id("virtualNetworkGateways", "VNet1GW"))},
        "localNetworkGateway2": {"id": str(arm_id("localNetworkGateways", site))},
        "connectionProtocol": "IKEv2",
        "connectionMode": "Default",
        "routingWeight": 0,
        "enableBgp": False,
        "useLocalAzureIpAddress": False,
        "usePolicyBasedTrafficSelectors": False,
        "ipsecPolicies": [wire_policy()],
        "trafficSelectorPolicies": [],
        "dpdTimeoutSeconds": 0,
        "ingressNatRules": [],
        "egressNatRules": [],
        "gatewayCustomBgpIpAddresses": [],
    } | properties
    held = {name: value for name, value in held.items() if value is not None}
    return {"location": "eastus", "tags": dict(tags or {}), "properties": held}


HARNESSES: "list[CoreHarness]" = []
"""Those of the running test, so that a test that fails leaves nothing behind."""


class CoreHarness:
    """See the module. `start` brings the first core up; `stop` ends it and looks at how it went."""

    def __init__(self, *, seed: int = 0, **settings: Any) -> None:
        """Make a world with the gateway VNet1GW, the sites Site6 and Site7, and no objects."""
        HARNESSES.append(self)
        random.seed(seed)  # jitter: the same calls in the same order each time
        self.clock = FakeClock()
        self.azure = FakeAzure(self.clock)
        self.cluster = FakeCluster(self.clock)
        self.logs: FakeGatewayLogs | None = None
        """What gateways have logged; set before the start. None: no logs are read."""
        self.settings = Settings(**{"installation_id": "it", "workers": 4, **settings})
        self.environment = Environment(azure_subscription_id=SUBSCRIPTION)
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, str]] = []
        self.callers: list[tuple[str, str]] = []
        """The calls to Azure: as whom, and which."""
        self.access_rules = EVERYTHING
        self.interfere: Interfere = lambda _number, _verb, _what: None
        self.latency: Callable[[str, str], float] = lambda _verb, _what: 0.0
        """Seconds that a call takes, by method and what it is about: half of them on the way there, half on the way back."""
        self.watch_lag = 0.0
        """Seconds that the watch is behind."""
        self.down_for = 0.0
        """Seconds until a new core starts after a crash."""
        self.crashes = 0
        self.problems: list[str] = []
        self.lives: list[_Life] = []
        self._delivered: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._helpers: set[asyncio.Task[None]] = set()
        self.gateway = arm_id("virtualNetworkGateways", "VNet1GW")
        self.azure.add_gateway(self.gateway)
        for site in ("Site6", "Site7"):
            self.add_site(site)

    # -- the core

    async def start(self, *, beside: bool = False) -> Core:
        """Start a core; `beside` leaves the one that runs alone, as a second replica."""
        if not beside:
            for life in self.lives:
                life.end()
        life = _Life(self)
        self.lives.append(life)
        await self.clock.settle()
        return life.core

    def make_lead(self) -> Leadership | None:
        """How the next core is elected; None: it is alone, and leads."""
        return None

    @property
    def core(self) -> Core:
        """The core that runs."""
        return self.lives[-1].core

    async def restart(self) -> None:
        """Lose everything in memory, and begin anew."""
        await self.start()

    async def abandon(self) -> None:
        """End all without a look at how it went; after `stop` there is nothing left to do."""
        for life in self.lives:
            life.end()
        for helper in self._helpers:
            helper.cancel()
        await asyncio.gather(
            *(task for life in self.lives for task in life.tasks), *self._helpers, return_exceptions=True
        )

    async def stop(self) -> None:
        """End all; fails if a task of a core ended by itself, or something that must not happen has happened."""
        for life in self.lives:
            life.end()
        for helper in self._helpers:
            helper.cancel()
        tasks = [task for life in self.lives for task in life.tasks]
        results = await asyncio.gather(*tasks, *self._helpers, return_exceptions=True)
        unexpected = [r for r in results if r is not None and not isinstance(r, asyncio.CancelledError | CrashError)]
        assert not unexpected, f"a part of the core ended: {unexpected!r}"
        assert not self.problems, "\n".join(self.problems)
        if self in HARNESSES:
            HARNESSES.remove(self)

    def crash(self, life: "_Life") -> None:
        """Kill a core, as from outside; a new one starts at once, or after `down_for` seconds."""
        self.crashes += 1
        life.end()
        self.spawn(self._revive())

    async def _revive(self) -> None:
        await self.clock.sleep(self.down_for)
        await asyncio.sleep(0)
        self.lives.append(_Life(self))

    def spawn(self, work: Any) -> None:
        """Run something beside the test."""
        helper = asyncio.ensure_future(work)
        self._helpers.add(helper)
        helper.add_done_callback(self._helpers.discard)

    # -- what users do

    def add_site(self, site: str, group: str = "TestRG1") -> None:
        """A local network gateway."""
        number = len(self.azure.local_gateways)
        address = f"203.0.{113 + number // 256}.{number % 256}"
        self.azure.add_local_gateway(arm_id("localNetworkGateways", site, group), public_address=address)

    def address_of(self, site: str, group: str = "TestRG1") -> str:
        """The public address of a site."""
        return self.azure.local_gateways[arm_id("localNetworkGateways", site, group)].public_address

    def add_gateway(self, name: str, group: str = "TestRG1", **facts: Any) -> ArmId:
        """A virtual network gateway."""
        gateway = arm_id("virtualNetworkGateways", name, group)
        self.azure.add_gateway(gateway, **facts)
        return gateway

    def apply(self, kind: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> None:
        """Create an object, or replace its spec."""
        if (kind, NAMESPACE, name) in self.cluster.documents:
            self.cluster.edit(kind, NAMESPACE, name, spec)
        else:
            self.cluster.create(kind, NAMESPACE, name, spec, **metadata)
        self.pump()

    def edit(self, kind: str, name: str, **changes: Any) -> None:
        """Set fields of an object's spec; None removes one."""
        spec = {**self.cluster.documents[kind, NAMESPACE, name]["spec"], **changes}
        self.apply(kind, name, {field: value for field, value in spec.items() if value is not None})

    def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        self.cluster.delete(kind, NAMESPACE, name)
        self.pump()

    def annotate(self, name: str, kind: str = CONNECTION, **annotations: str | None) -> None:
        """Set annotations of ours on an object; None removes one."""
        metadata = self.cluster.documents[kind, NAMESPACE, name]["metadata"]
        given = {key: value for key, value in annotations.items() if value is not None}
        self.cluster.annotate(kind, NAMESPACE, name, **given)
        for key in annotations.keys() - given.keys():
            metadata["annotations"].pop(f"azvpn.dev/{key.replace('_', '-')}", None)
        self.pump()

    def set_metadata(self, name: str, kind: str = CONNECTION, **metadata: Any) -> None:
        """Change metadata that is none of ours, as a GitOps tool does."""
        document = self.cluster.documents[kind, NAMESPACE, name]
        document["metadata"] |= metadata
        self.cluster.annotate(kind, NAMESPACE, name)
        self.pump()

    def put_key(self, key: str = KEY, name: str = "keys") -> None:
        """Make or replace the Secret."""
        self.cluster.put_secret(NAMESPACE, name, sharedKey=key.encode())

    def set_up_site(self, site: str = "Site6", name: str = "site6", **changes: Any) -> None:
        """Apply Secret, policy and connection of one site; `name` is the object's."""
        if (NAMESPACE, "keys") not in self.cluster.secrets:
            self.put_key()
        if (POLICY, NAMESPACE, "site6") not in self.cluster.documents:
            self.apply(POLICY, "site6", POLICY_SPEC)
        self.apply(CONNECTION, name, site_spec(site, **changes))

    def set_access(self, rules: AccessRules) -> None:
        """Change the access rules, as a new file does."""
        self.access_rules = rules
        for life in self.lives:
            if life.filled and not life.over:
                life.core.apply_rules(rules)

    def portal_edit(self, azure_name: str, group: str = "TestRG1", *, tags: Any = None, **properties: Any) -> None:
        """Change a connection in Azure as somebody in the portal does; the change is over at once."""
        held = self.live(azure_name, group)
        held.document["properties"] |= properties
        if tags is not None:
            held.document["tags"] = dict(tags)

    def portal_delete(self, azure_name: str, group: str = "TestRG1") -> None:
        """Delete a connection in Azure."""
        del self.azure.world[connection_id(azure_name, group)]

    # -- time

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.advance(seconds)

    async def settle(self, *, quiet: float = 420.0, bound: float = 6 * 3600.0) -> None:
        """Let time pass until nothing is written for `quiet` seconds; raises `NeverSettlesError` after `bound`."""
        passed = 0.0
        while passed < bound:
            before = self._marks()
            await self.clock.advance(quiet)
            passed += quiet
            if before == self._marks() and not self.azure.operations_in_progress and not self._open_changes():
                return
        raise NeverSettlesError(
            f"still busy after {passed:.0f} s; last writes {self.sent[-4:]} {self.cluster.writes[-4:]}"
        )

    async def settle_for_good(self, *, quiet: float = 420.0, bound: float = 6 * 3600.0) -> None:
        """The same, and until no undo is armed: that of a change without a strong proof is until the first rekey, hours away."""
        await self.settle(quiet=quiet, bound=bound)
        began = self.clock.monotonic()
        while self.undo_is_armed():
            if self.clock.monotonic() - began >= bound:
                raise NeverSettlesError(f"an undo is still armed after {bound:.0f} s")
            await self.settle(quiet=quiet, bound=bound)

    def _open_changes(self) -> bool:
        """Whether a change is not confirmed yet: that ends by itself, with no write before."""
        changes = (document["status"].get("change") or {} for document in self.cluster.documents.values())
        return any(change.get("state") in {"Sent", "Confirming", "RollingBack"} for change in changes)

    def undo_is_armed(self) -> bool:
        """Whether a change that seems to work can still be undone, since it has no strong proof yet: time alone ends that."""
        changes = (document["status"].get("change") or {} for document in self.cluster.documents.values())
        return any(change.get("state") == "Provisional" for change in changes)

    def _marks(self) -> tuple[int, int, int]:
        return len(self.sent), len(self.cluster.writes), self.crashes

    # -- whole worlds

    def continue_from(self, other: "CoreHarness") -> None:
        """Begin with what another harness's Azure and API server hold, at its time."""
        self.clock.jump(other.clock.monotonic() - self.clock.monotonic())
        self.azure.world = deepcopy(other.azure.world)
        self.azure.gateways = dict(other.azure.gateways)
        self.azure.local_gateways = dict(other.azure.local_gateways)
        self.cluster.documents = deepcopy(other.cluster.documents)
        self.cluster.secrets = deepcopy(other.cluster.secrets)
        self.cluster._numbers = itertools.count(1_000_000)

    def outcome(self) -> dict[str, Any]:
        """Everything that counts of the world, without times and versions: equal outcomes are equal to all observers."""
        connections = {
            str(known): (held.document["properties"], held.document["tags"], held.key)
            for known, held in self.azure.world.items()
        }
        return {
            "azure": deepcopy(connections),
            "objects": {key: _timeless(document) for key, document in self.cluster.documents.items()},
        }

    # -- what there is

    def live(self, azure_name: str, group: str = "TestRG1") -> Connection:
        """The connection in Azure; KeyError if there is none."""
        return self.azure.world[connection_id(azure_name, group)]

    def held(self, azure_name: str = "VNet1toSite6", group: str = "TestRG1") -> dict[str, Any]:
        """The properties that Azure holds."""
        return cast("dict[str, Any]", self.live(azure_name, group).document["properties"])

    def tags(self, azure_name: str = "VNet1toSite6", group: str = "TestRG1") -> dict[str, str]:
        """The tags that Azure holds."""
        return cast("dict[str, str]", self.live(azure_name, group).document["tags"])

    def document(self, name: str, kind: str = CONNECTION) -> dict[str, Any] | None:
        """The object, if it is there."""
        return self.cluster.get(kind, NAMESPACE, name)

    def condition(self, name: str, wanted: str, kind: str = CONNECTION) -> tuple[str, str] | None:
        """Status and reason of one condition of an object."""
        document = self.document(name, kind)
        assert document is not None, f"there is no {kind} {name}"
        found = [c for c in document["status"].get("conditions", ()) if c["type"] == wanted]
        return (found[0]["status"], found[0]["reason"]) if found else None

    def ready(self, name: str = "site6", kind: str = CONNECTION) -> tuple[str, str] | None:
        """Status and reason of Ready."""
        return self.condition(name, "Ready", kind)

    def message(self, name: str = "site6", wanted: str = "Ready", kind: str = CONNECTION) -> str:
        """Message of one condition of an object; empty if there is no such condition."""
        document = self.document(name, kind)
        assert document is not None, f"there is no {kind} {name}"
        found = document["status"].get("conditions", ())
        return next((str(c["message"]) for c in found if c["type"] == wanted), "")

    def accepted(self) -> Counter[str]:
        """How many writes Azure took, by method."""
        return Counter(sent.verb for sent in self.sent if sent.accepted)

    def reasons_of_events(self, name: str = "site6") -> list[str]:
        """What was told of an object, in order."""
        return [note.reason.value for about, note in self.cluster.events if about == name]

    def forget_journals(self) -> None:
        """Let the counting of writes, calls and Events begin here."""
        self.sent.clear()
        self.calls.clear()
        self.callers.clear()
        self.azure.writes.clear()
        self.cluster.writes.clear()
        self.cluster.events.clear()

    # -- the border

    def pump(self) -> None:
        """Tell the core what has changed in the API server, as the watch does."""
        for key in sorted({*self._delivered, *self.cluster.documents}):
            self._pump_one(key)

    def _pump_one(self, key: tuple[str, str, str]) -> None:
        known, now = self._delivered.get(key), self.cluster.documents.get(key)
        if known is not None and (now is None or now["metadata"]["uid"] != known["metadata"]["uid"]):
            del self._delivered[key]
            # The event of a deletion has a version of its own, newer than any that the object ever had.
            known["metadata"]["resourceVersion"] = self.cluster._version()
            self._deliver(key[0], known, gone=True)
            known = None
        if now is None or (known and known["metadata"]["resourceVersion"] == now["metadata"]["resourceVersion"]):
            return
        delivered = copied(now)
        self._delivered[key] = delivered
        self._deliver(key[0], delivered, gone=False)

    def _deliver(self, kind: str, document: Mapping[str, Any], *, gone: bool) -> None:
        for life in self.lives:
            if life.filled and not life.over:
                if self.watch_lag:
                    self.spawn(self._deliver_late(life, kind, document, gone=gone))
                else:
                    life.core.seen(kind, document, gone)

    async def _deliver_late(self, life: "_Life", kind: str, document: Mapping[str, Any], *, gone: bool) -> None:
        await self.clock.sleep(self.watch_lag)
        life.core.seen(kind, document, gone)

    async def through(
        self, life: "_Life", verb: str, args: tuple[Any, ...], call: Callable[..., Awaitable[Any]]
    ) -> Any:
        """One call from a core to the outside."""
        if life.over:
            raise CrashError
        what = self.azure.connection_of(args[0]) if verb == "poll" else _what(verb, args)
        self.calls.append((verb, what))
        interference = self.interfere(len(self.calls), verb, what)
        way = self.latency(verb, what) / 2
        await self._travel(life, way)
        answer: Any = None
        if interference is None or interference.carried_out:
            self._check(verb, args)
            answer = await call(*args)
            if verb in AZURE_WRITES:
                self.sent.append(Sent(verb, what, isinstance(answer, Accepted)))
            if verb in {"write_status", "write_finalizers"}:
                self._pump_one((args[0], args[1], args[2]))
        if way:
            await self._travel(life, way)
        if interference is None:
            return answer
        if interference.crash:
            self.crash(life)
            raise CrashError
        if interference.error is not None:
            raise interference.error
        if interference.fault is None:
            return None
        return Unreadable(interference.fault) if verb in AZURE_READS or verb == "read" else interference.fault

    async def _travel(self, life: "_Life", seconds: float) -> None:
        await (self.clock.sleep(seconds) if seconds else asyncio.sleep(0))
        if life.over:
            raise CrashError

    def _check(self, verb: str, args: tuple[Any, ...]) -> None:
        """Laws that hold for every status that is written."""
        if verb != "write_status":
            return
        kind, namespace, name, version, status = args
        document = self.cluster.documents.get((kind, namespace, name))
        if KEY in str(status):
            self.problems.append(f"the key is in the status of {name}")
        if document is None:
            return
        # A write that an edit does not stop speaks of the generation that the pass has seen.
        seen = status["observedGeneration"] == document["metadata"]["generation"]
        if not (seen if isinstance(version, AnyVersion) else document["metadata"]["resourceVersion"] == version):
            return
        before = document["status"]
        try:
            check_status(status, document, before if isinstance(before.get("conditions"), list) else None)
        except AssertionError as error:
            self.problems.append(f"{kind} {name}: {error}")


def _timeless(document: Mapping[str, Any]) -> dict[str, Any]:
    timeless = copied(document)
    for name in ("resourceVersion", "uid", "creationTimestamp"):
        timeless["metadata"].pop(name, None)
    for condition in timeless["status"].get("conditions", ()):
        del condition["lastTransitionTime"]
    for half in timeless["status"].get("halves", ()):
        half.get("traffic", {}).pop("since", None)
        half.get("key", {}).pop("setTime", None)
    for tunnel in (
        *(tunnel for half in timeless["status"].get("halves", ()) for tunnel in half.get("tunnels", ())),
        *timeless["status"].get("change", {}).get("tunnels", ()),
    ):
        tunnel.pop("lastEstablished", None)
    # When the undo of a change that seems to work is disarmed, and its values become the known good ones, is a matter of time alone.
    timeless["status"].pop("lastKnownGood", None)
    if timeless["status"].get("change", {}).get("state") == "Provisional":
        del timeless["status"]["change"]
    for name in ("startTime", "inForceSince", "endTime"):
        timeless["status"].get("change", {}).pop(name, None)
    for record in timeless["status"].get("resets", ()):
        del record["time"]
    for revision in timeless["status"].get("revisions", ()):
        del revision["since"]
    return timeless


def _what(verb: str, args: tuple[Any, ...]) -> str:
    if verb == "record":
        return str(args[0]["metadata"]["name"])
    if not args:
        return ""
    first = args[0]
    if isinstance(first, ArmId):
        return first.name
    if verb in {"write_status", "write_finalizers"}:
        return str(args[2])
    return str(args[1]) if verb in {"read", "list_group", "list_gateways", "list_local_gateways"} else str(first)


class _Border:
    """A port whose calls go through the harness."""

    def __init__(self, harness: CoreHarness, life: "_Life", inner: object, caller: str = "operator") -> None:
        self._caller = caller
        self._harness = harness
        self._life = life
        self._inner = inner

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self._inner, verb)

        async def through(*args: Any) -> Any:
            if self._inner is self._harness.azure:
                self._harness.callers.append((self._caller, verb))
            return await self._harness.through(self._life, verb, args, call)

        return through


class _Life:
    """One core from its start to its end."""

    def __init__(self, harness: CoreHarness) -> None:
        self.over = False
        self.filled = False
        self._harness = harness
        border = {
            name: _Border(harness, self, inner)
            for name, inner in (
                ("connections", harness.azure),
                ("gateways", harness.azure),
                ("objects", harness.cluster),
                ("secrets", harness.cluster),
                ("digest_keys", harness.cluster),
                ("events", harness.cluster),
            )
        }
        ports = Ports(
            connections=cast("ConnectionsPort", border["connections"]),
            gateways=cast("GatewaysPort", border["gateways"]),
            objects=cast("ObjectsPort", border["objects"]),
            secrets=cast("SecretsPort", border["secrets"]),
            digest_keys=cast("DigestKeysPort", border["digest_keys"]),
            events=cast("EventsPort", border["events"]),
            as_identity=self._as_identity,
            gateway_logs=self._logs(),
        )
        self.metrics = Metrics(version="test")
        self.lead = harness.make_lead()
        self.core = Core(
            harness.settings,
            harness.environment,
            ports,
            harness.clock,
            self.metrics,
            harness.access_rules,
            self._until_leading,
        )
        self.tasks = [asyncio.ensure_future(self._live())]

    def _logs(self) -> GatewayLogsPort | None:
        logs = self._harness.logs
        return cast("GatewayLogsPort", _Border(self._harness, self, logs)) if logs is not None else None

    def _as_identity(self, identity: Identity) -> tuple[ConnectionsPort, GatewaysPort, GatewayLogsPort | None]:
        border = _Border(self._harness, self, self._harness.azure, identity.name)
        return cast("ConnectionsPort", border), cast("GatewaysPort", border), self._logs()

    async def _live(self) -> None:
        await self.core.fill()
        self.filled = True
        for (kind, _, _), document in list(self._harness.cluster.documents.items()):
            # A watch begins with everything there is.
            self.core.seen(kind, document, False)
        self._harness.pump()
        workers = [self.core.sweeper.run, *(worker.run for worker in self.core.workers)]
        leaders = [self.core.drift_finder.run, self.core.timed_reads.run]
        if self.core.secret_finder is not None:
            leaders.append(self.core.secret_finder.run)
        if self.lead is not None:
            self.tasks.append(asyncio.ensure_future(self._stand_for_election(self.lead)))
        self.tasks += [asyncio.ensure_future(self._once_leading(part)) for part in leaders]
        self.tasks += [asyncio.ensure_future(part()) for part in workers]

    async def _until_leading(self) -> None:
        if self.lead is not None:
            await self.lead.until_leading()

    async def _once_leading(self, part: Callable[[], Awaitable[None]]) -> None:
        await self._until_leading()
        await part()

    async def _stand_for_election(self, lead: Leadership) -> None:
        try:
            await lead.run()
        except LeadershipLostError:
            # The process ends, and is started again.
            self._harness.crash(self)

    def end(self) -> None:
        """Kill it: nothing that it still does reaches the outside."""
        self.over = True
        for task in self.tasks:
            task.cancel()


__all__ = [
    "CONNECTION",
    "KEY",
    "NAMESPACE",
    "OWNER",
    "POLICY",
    "POLICY_SPEC",
    "CoreHarness",
    "CrashError",
    "Interference",
    "StatusWritten",
    "arm_id",
    "connection_id",
    "site_spec",
    "wire_connection",
    "wire_policy",
]
