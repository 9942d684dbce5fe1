"""A fleet whose devices take some values and refuse others, and the laws of a change that takes a tunnel down.

Six sites on three gateways, two of them at one site by their label, and two VNet-to-VNet pairs: one that an object owns, one of two
objects. The laws are looked at wherever the core says something to the outside; what the devices really did is known here, and what Azure
reported of it.

Size: the devices, the watching of the calls and the laws are one picture of one fleet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

from azure_vpn_operator.api.tunnel_change import HalfSettings
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.azure.live_connection import LiveConnection, read_live_connection
from azure_vpn_operator.domain.azure.lookups import Present, Read, SharedKey
from azure_vpn_operator.domain.rollout.settings import settings_of
from azure_vpn_operator.ports import Accepted, AnyVersion, StatusWrite, Written
from support.fakes.azure import EPOCH, Device
from support.world.core import (
    CONNECTION,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    connection_id,
    site_spec,
)

WITHIN: Final = 600.0
POLICIES: Final = ("p", "q")
SECRETS: Final = ("keys", "more")
GROUPS: Final = ("DHGroup24", "ECP256", "ECP384", "DHGroup14")
DPD: Final = (None, 9, 30, 60)
OPEN: Final = frozenset({"Sent", "Confirming", "RollingBack"})
ARMED: Final = OPEN | {"Provisional"}
"""The change is open, or seems to work and may still fail."""
LONGEST_DROP: Final = 180.0
"""Seconds of the longest drop that must undo nothing."""
_SLACK: Final = 20.0
"""Seconds between a look at Azure and the verdict that it leads to, at most."""
_MOVING: Final = frozenset(
    {"Confirming", "GatewayEvent", "RollingBack", "WaitingForBudget", "SiteBusy", "FleetHalted", "Updating"}
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One tunnel: the objects that speak of it, and its connections in Azure."""

    name: str
    objects: tuple[str, ...]
    connections: tuple[str, ...]
    gateways: tuple[str, ...]
    site: str
    secret: str

    def of_object(self, name: str) -> tuple[str, ...]:
        """The connections of one object; the forward half comes first."""
        return self.connections if len(self.objects) == 1 else (self.connections[self.objects.index(name)],)


def _site(number: int) -> Unit:
    name, gateway = f"s{number}", f"GW{number % 3}"
    site = "berlin" if number in (4, 5) else name
    return Unit(name, (name,), (f"VNet1toS{number}",), (gateway,), site, SECRETS[number % 2])


UNITS: Final = (
    *(_site(number) for number in range(6)),
    Unit("owned", ("owned",), ("OA", "OB"), ("GW0", "GW1"), "owned", "keys"),
    Unit("pair", ("one", "two"), ("PA", "PB"), ("GW1", "GW2"), "pair", "more"),
)
UNIT_OF: Final = {name: unit for unit in UNITS for name in unit.objects}
OWNER_OF: Final = {held: name for unit in UNITS for name in unit.objects for held in unit.of_object(name)}
OBJECTS: Final = tuple(UNIT_OF)
SITES: Final = tuple(unit.name for unit in UNITS[:6])


@dataclass
class End:
    """What the device of one unit is ready to agree to."""

    groups: set[str] = field(default_factory=lambda: set(GROUPS))
    default: bool = True
    dpd: set[int] = field(default_factory=lambda: {9, 30, 45, 60})
    keys: set[str] = field(default_factory=lambda: {"Key0"})

    def takes(self, values: Mapping[str, Any], key: str) -> bool:
        """Whether a tunnel comes up with these values, in the form of `values_of`."""
        policies = values["ipsecPolicies"]
        fits = policies[0]["dhGroup"] in self.groups if policies else self.default
        return fits and values["dpdTimeoutSeconds"] in self.dpd and key in self.keys


class TrialDevice(Device):
    """A device by its `End`. The report of its state never goes back in time, whatever becomes of the lag."""

    def __init__(self, world: "TrialWorld", unit: Unit) -> None:
        """It stands at the other end of the unit, and is up."""
        self._world = world
        self.unit = unit
        self._wanted_lag = 0.0
        self._shown = 0.0
        self.end = End()
        self.negotiated_at = 0.0
        self.repaired_at = -1.0
        super().__init__()

    # mypy looks for the mark on the property, and a decorator of a property can only be below it.
    @property  # type: ignore[explicit-override]
    @override
    def lag(self) -> float:
        """Seconds that the report is behind now."""
        now = self._world.clock.monotonic()
        self._shown = max(self._shown, now - self._wanted_lag)
        return now - self._shown

    @lag.setter
    def lag(self, seconds: float) -> None:
        self._wanted_lag = seconds

    @override
    def negotiate(self, properties: Mapping[str, Any], key: str, now: float) -> None:
        """Begin anew if anything that the tunnel depends on is another, in any of the unit's connections."""
        del properties, key
        settings = self._settings()
        if settings == self.negotiated:
            return
        self.negotiated = settings
        self.negotiated_at = now
        self.history = [item for item in self.history if item[0] <= now]
        self.history.append((now, "NotConnected"))
        if self.agrees():
            self.history.append((now + self.back_after, "Connected"))

    def agrees(self) -> bool:
        """Whether the tunnel comes up with what Azure holds now."""
        held = [self._world.azure.world.get(connection_id(name)) for name in self.unit.connections]
        found = [item for item in held if item is not None]
        if len(found) != len(held):
            return False
        values = [values_of(item.document) for item in found]
        alike = all(value["ipsecPolicies"] == values[0]["ipsecPolicies"] for value in values)
        return (
            alike
            and len({item.key for item in found}) == 1
            and all(self.end.takes(value, item.key) for value, item in zip(values, found, strict=True))
        )

    def cut(self) -> None:
        """It is down, and nothing is under way that brings it up."""
        now = self._world.clock.monotonic()
        self.history = [*(item for item in self.history if item[0] <= now), (now, "NotConnected")]

    def repair(self) -> None:
        """Somebody has changed the device, and it tries again if it is down."""
        now = self._world.clock.monotonic()
        self.repaired_at = now
        if self.state(now) != "Connected":
            self.negotiated = None
            self.negotiate({}, "", now)

    def downs(self, since: float, until: float) -> list[tuple[float, float]]:
        """When it was really down in that time; what lies closer than a look at Azure is one."""
        ends = [*(moment for moment, _ in self.history[1:]), until]
        found: list[tuple[float, float]] = []
        for (begin, state), end in zip(self.history, ends, strict=True):
            first, last = max(begin, since), min(end, until)
            if state == "Connected" or first >= last:
                continue
            if found and first - found[-1][1] < 90.0:
                found[-1] = (found[-1][0], last)
            else:
                found.append((first, last))
        return found

    def _settings(self) -> tuple[Any, ...]:
        found = []
        for name in self.unit.connections:
            held = self._world.azure.world.get(connection_id(name))
            found.append((held.key, values_of(held.document)) if held is not None else None)
        return tuple(found)


def values_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of a connection its tunnel depends on, in one form."""
    return settings_of(read_live_connection(dict(document))).properties()


class TrialWorld(CoreHarness):
    """See the module. `begin` brings it to rest; what was wrong is in `broken`."""

    def __init__(self, *, seed: int, **settings: Any) -> None:
        """Make gateways, devices and objects; nothing is in Azure yet."""
        super().__init__(seed=seed, confirm_within_seconds=WITHIN, **settings)
        self.broken: list[str] = []
        self.tainted: dict[str, str] = {}
        """Units whose tunnel may stay down, and why."""
        self.undone = self.confirmed = self.begun = 0
        """Changes that failed, were confirmed, and were recorded."""
        self._failed: dict[str, dict[str, Any]] = {}
        """The values of each object that must not be sent again."""
        self._replaced: dict[str, Mapping[str, Any]] = {}
        """The change in whose place each object's next one was recorded."""
        self._reports: dict[str, str | None] = {}
        self.devices = {unit.name: TrialDevice(self, unit) for unit in UNITS}
        self.azure.operation_seconds = 8.0
        self._watch()
        for number in range(3):
            self.add_gateway(f"GW{number}")
        for number in range(6):
            self.add_site(f"S{number}")
        for secret in SECRETS:
            self.put_key("Key0", secret)
        for policy in POLICIES:
            self.apply(POLICY, policy, POLICY_SPEC)
        for name in OBJECTS:
            self.create(name)

    def create(self, name: str, **changes: Any) -> None:
        """Make an object as it is in the beginning, but for these fields."""
        unit = UNIT_OF[name]
        labels = {"azvpn.dev/site": unit.site} if unit.site == "berlin" else {}
        self.apply(CONNECTION, name, _spec(name, unit) | changes, labels=labels)

    async def begin(self) -> None:
        """All is made and at rest."""
        await self.start()
        await self.settle()
        await self.advance(600)
        for name in OBJECTS:
            assert self.ready(name) == ("True", "UpToDate"), (name, self.ready(name), self.message(name))
        self.forget_journals()

    # -- what is known here

    def wants(self, name: str) -> dict[str, Any] | None:
        """The values that an object asks for; None if that cannot be told, say, since its policy is missing."""
        document = self.document(name)
        if document is None or (held := self.azure.world.get(connection_id(UNIT_OF[name].of_object(name)[0]))) is None:
            return None
        spec = document["spec"]
        policies = []
        if reference := spec.get("ipsecPolicyRef"):
            if (policy := self.document(reference["name"], POLICY)) is None:
                return None
            policies = [policy["spec"]]
        own = {
            "ipsecPolicies": policies,
            "connectionMode": spec.get("connectionMode", "Default"),
            "dpdTimeoutSeconds": spec.get("dpdTimeoutSeconds", 0),
        }
        return values_of({**held.document, "properties": {**held.document["properties"], **own}})

    def values(self, connection: str) -> dict[str, Any] | None:
        """The values that Azure holds of a connection, if it is there."""
        held = self.azure.world.get(connection_id(connection))
        return values_of(held.document) if held is not None else None

    def change_of(self, name: str) -> dict[str, Any]:
        """The change that an object's status tells of; empty if there is none."""
        document = self.document(name)
        return (document or {"status": {}})["status"].get("change") or {}

    def users_have_acted(self) -> None:
        """To be told after each act: who wants something else than what failed may be sent anything."""
        for name, failed in list(self._failed.items()):
            wanted = self.wants(name)
            if self.document(name) is None or (wanted is not None and wanted != failed):
                self.allow_again(name)

    def allow_again(self, name: str) -> None:
        """Somebody has asked for the values that failed, or for others."""
        for member in UNIT_OF[name].objects:
            self._failed.pop(member, None)

    def taint(self, name: str, why: str) -> None:
        """The tunnel of an object or unit may stay down."""
        self.tainted.setdefault(UNIT_OF[name].name if name in UNIT_OF else name, why)

    def drop(self, unit: str, seconds: float) -> None:
        """The tunnel is away for so long; not soon after the last time, since together that would be one longer drop."""
        device, now = self.devices[unit], self.clock.monotonic()
        if not device.downs(now - LONGEST_DROP - device.lag, now):
            device.drop(now, seconds)

    def note_portal(self, connection: str) -> None:
        """Somebody has changed the connection in Azure: what its device made of that is no fault of the core."""
        device = self.devices[UNIT_OF[OWNER_OF[connection]].name]
        device.repaired_at = self.clock.monotonic()
        if not device.agrees():
            # While the report is late, values that do not work are taken for those from before a change.
            self.taint(device.unit.name, "broken in the portal")

    def forgive_taints(self) -> None:
        """What is up and as wanted again owes nothing to what was before."""
        now = self.clock.monotonic()
        for name in list(self.tainted):
            device = self.devices[name]
            rests = all(
                self.document(member) is not None
                and not self.change_of(member)
                and self.ready(member) == ("True", "UpToDate")
                for member in device.unit.objects
            )
            if rests and not device.downs(now - device.lag - 120.0, now):
                del self.tainted[name]

    # -- the laws, wherever the core speaks

    def _watch(self) -> None:
        # Put in the place of the methods, since the harness has handed these very objects to every core, and must see the calls itself.
        azure, cluster = self.azure, self.cluster
        get, put, put_key, write_status = azure.get, azure.put, azure.put_shared_key, cluster.write_status

        async def watched_get(connection: ArmId) -> Read[LiveConnection]:
            answer = await get(connection)
            if isinstance(answer, Present):
                self._reports[connection.name] = answer.value.connection_status
            return answer

        async def watched_put(connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
            before = azure.world.get(connection)
            if before is not None:
                self._before_put(connection.name, values_of(_stored(connection, body)), values_of(before.document))
            answer = await put(connection, body)
            if before is None and isinstance(answer, Accepted):
                name = OWNER_OF[connection.name]
                device = self.devices[UNIT_OF[name].name]
                device.negotiated = None
                device.cut()
                azure.world[connection].device = device
                self.taint(name, "created")
            return answer

        async def watched_key(connection: ArmId, key: SharedKey) -> Accepted | Fault:
            held = azure.world.get(connection)
            if held is not None and held.key != key.value and self._is_up(connection.name):
                state = self.change_of(OWNER_OF[connection.name]).get("state")
                if state not in {"Sent", "RolledBack"}:
                    self._say(f"{connection.name} is sent a key while its change is {state}")
            return await put_key(connection, key)

        async def watched_status(
            kind: str, namespace: str, name: str, version: str | AnyVersion, status: Mapping[str, Any]
        ) -> Written | Fault:
            before = self.change_of(name) if kind == CONNECTION else {}
            answer = await write_status(kind, namespace, name, version, status)
            if kind == CONNECTION and isinstance(answer, Written) and answer.result is StatusWrite.WRITTEN:
                self._after_status(name, before, status.get("change") or {})
            return answer

        # The fakes are watched from inside: what reaches them counts, whoever sends it.
        azure.get = watched_get  # type: ignore[method-assign]
        azure.put = watched_put  # type: ignore[method-assign]
        azure.put_shared_key = watched_key  # type: ignore[method-assign]
        cluster.write_status = watched_status  # type: ignore[method-assign]

    def _say(self, text: str) -> None:
        self.broken.append(f"{self.clock.now():%H:%M:%S} {text}")

    def _is_up(self, connection: str) -> bool:
        """Whether Azure said so when the core last looked."""
        return self._reports.get(connection) == "Connected"

    def _before_put(self, connection: str, sent: dict[str, Any], held: dict[str, Any]) -> None:
        if sent == held:
            return
        name = OWNER_OF[connection]
        unit = UNIT_OF[name]
        role = None if connection == unit.of_object(name)[0] else "reverse"
        document = self.document(name)
        if document is None:
            return
        change, good = document["status"].get("change") or {}, document["status"].get("lastKnownGood") or {}
        allowed = []
        match change.get("state"):
            case "Sent":
                allowed = [_half(change["to"], role)]
                if len(unit.connections) == 2:
                    # Azure has refused the other half.
                    allowed.append(_half(change["from"], role))
            case "RollingBack":
                allowed = [_half(good["settings"], role)]
            case _:
                pass
        if sent not in allowed:
            if self._is_up(connection):
                self._say(f"{connection} is sent {_brief(sent)} while its change is {_brief_change(change)}")
            elif not change:
                self.taint(name, "sent while the tunnel was down")
        if change.get("state") != "RollingBack" and self._failed.get(name) == sent and role is None:
            self._say(f"{connection} is sent {_brief(sent)} again, which has failed")

    def _after_status(self, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        was, now = before.get("state"), after.get("state")
        if now == "Sent" and was not in {None, "Sent"}:
            self._replaced[name] = before
        if now in OPEN and was not in ARMED:
            self.begun += 1
            self._look_at_budget(name)
        if not after and was in ARMED:
            self.confirmed += 1
            self._excuse_confirmation(name, before)
        if now in {"RollingBack", "Failed"} and was not in {"RollingBack", "Failed", "RolledBack"}:
            self.undone += 1
            self._failed[name] = _half(after["to"], None)
            if after["cause"] == "Key":
                del self._failed[name]
            self._judge_verdict(name, before, after)
            if now == "Failed":
                self.taint(name, "the change failed and stays")
            self.users_have_acted()

    def _look_at_budget(self, name: str) -> None:
        opened = [unit for unit in UNITS if any(self.change_of(member).get("state") in OPEN for member in unit.objects)]
        if not self.settings.max_disruptions:
            return
        if self.settings.max_disruptions < len(opened) and len(UNIT_OF[name].objects) == 1:
            self._say(f"{name} begins while {[unit.name for unit in opened]} are not confirmed")
        sites = [unit.site for unit in opened]
        if len(set(sites)) != len(sites):
            self._say(f"{name} begins while another change at its site is not confirmed")

    def _excuse_confirmation(self, name: str, change: Mapping[str, Any]) -> None:
        """A drop of a moment before the change, of which Azure tells afterwards only, cannot be told from one of the change."""
        device, began = self.devices[UNIT_OF[name].name], _moment(change)
        if device.lag and device.downs(began - device.lag - 120.0, began):
            self.taint(name, "it had dropped before the change")

    def _judge_verdict(self, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        if after == self._replaced.get(name):
            # Azure did not take what was to be sent in its place.
            return
        if before.get("state") not in {"Confirming", "Provisional"} and len(UNIT_OF[name].objects) == 1:
            self._say(f"{name} is {after['state']}, and was {_brief_change(before)}")
        if before and before["startTime"] != after["startTime"]:
            self._say(f"{name} is {after['state']}, and was {_brief_change(before)}")
        device, now = self.devices[UNIT_OF[name].name], self.clock.monotonic()
        began = _moment(after)
        if not device.downs(began, now):
            self._say(f"{name} is {after['state']}, and its tunnel was never down")
        elif not device.downs(now - device.lag - _SLACK, now):
            self._say(f"{name} is {after['state']}, and Azure has reported for a while that it is up")
        elif device.agrees() and device.repaired_at < began:
            longest = max(
                (end - begin for begin, end in device.downs(max(began, device.negotiated_at), now)), default=0
            )
            if longest <= LONGEST_DROP + device.back_after:
                self._say(
                    f"{name} is {after['state']}, and its device takes the values: down {longest:.0f} s, lag {device.lag:.0f} s"
                )

    # -- the end

    def wrong_at_the_end(self) -> Iterator[str]:
        """What is not as it has to be once nothing happens any more."""
        disruptions = self.core.disruptions
        if disruptions.unconfirmed or len(disruptions):
            yield f"{disruptions.unconfirmed} places are taken, and {len(disruptions)} wait"
        for unit in UNITS:
            yield from self._wrong_of(unit)

    def _wrong_of(self, unit: Unit) -> Iterator[str]:
        found = [self.values(name) for name in unit.connections]
        there = [values for values in found if values is not None]
        if len(there) == 2 and there[0]["ipsecPolicies"] != there[1]["ipsecPolicies"]:
            yield f"the halves of {unit.name} hold {[_brief(values) for values in there]}"
        for name in unit.objects:
            if self.document(name) is None:
                continue
            change, ready = self.change_of(name), self.ready(name)
            if change.get("state") in ARMED:
                yield f"the change of {name} is {change['state']} for ever: {self.message(name)}"
            elif ready is None or ready[1] in _MOVING:
                yield f"{name} says {ready} for ever: {self.message(name)}"
            values = self.values(unit.of_object(name)[0])
            if ready == ("True", "UpToDate") and values != self.wants(name):
                yield f"{name} says that it is up to date, and holds {_brief(values or {})}"
            document = self.document(name)
            good = (document or {})["status"].get("lastKnownGood")
            if (
                ready is not None
                and ready[1] == "RolledBack"
                and good is not None
                and values != _half(good["settings"], None)
            ):
                yield f"{name} says that it is rolled back, and holds {_brief(values or {})}"
        device = self.devices[unit.name]
        held = [item for name in unit.connections if (item := self.azure.world.get(connection_id(name))) is not None]
        responds = any(item.document["properties"].get("connectionMode") == "ResponderOnly" for item in held)
        if responds or any(item.key not in device.end.keys for item in held):
            # Nobody may begin, or the device does not know the key: neither is ever undone.
            return
        whole = len(there) == len(unit.connections)
        if whole and unit.name not in self.tainted and device.state(self.clock.monotonic()) != "Connected":
            yield f"the tunnel of {unit.name} stays down: {[(name, self.ready(name)) for name in unit.objects]}"


def _spec(name: str, unit: Unit) -> dict[str, Any]:
    common = {
        "ipsecPolicyRef": {"name": POLICIES[OBJECTS.index(name) % 2]},
        "sharedKeySecretRef": {"name": unit.secret},
    }
    if len(unit.connections) == 1:
        drift = "Correct" if name in {"s0", "s3"} else "CorrectSafe"
        confirm = {"withinSeconds": 900, "onFailure": "Pause"} if name == "s2" else None
        gateway = {"name": unit.gateways[0]}
        return site_spec(name.upper(), virtualNetworkGateway=gateway, driftPolicy=drift, confirm=confirm, **common)
    common["ipsecPolicyRef"] = {"name": "q"}
    own, peer = unit.gateways if name != "two" else unit.gateways[::-1]
    spec = {
        "azureName": unit.of_object(name)[0],
        "resourceGroup": "TestRG1",
        "virtualNetworkGateway": {"name": own},
        "peerVirtualNetworkGateway": {"name": peer},
        "driftPolicy": "Correct",
    }
    return {**spec, **common, **({"reverse": {"azureName": "OB"}} if name == "owned" else {})}


def _stored(connection: ArmId, body: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**body["properties"], "provisioningState": "Updating"}
    return {**body, "id": str(connection), "name": connection.name, "properties": properties}


def _moment(change: Mapping[str, Any]) -> float:
    """When a change began, by the harness's clock."""
    return 1000.0 + (datetime.fromisoformat(change["startTime"]) - EPOCH).total_seconds()


def _half(settings: Mapping[str, Any], role: str | None) -> dict[str, Any]:
    """The values of one half, in the form of `values_of`."""
    found = (settings.get("reverse") or {}) if role is not None else settings
    return HalfSettings.model_validate({name: value for name, value in found.items() if name != "reverse"}).properties()


def _brief(values: Mapping[str, Any]) -> str:
    policies = [(policy["dhGroup"], policy["saLifeTimeSeconds"]) for policy in values.get("ipsecPolicies", ())]
    return f"{policies or 'Default'}, {values.get('connectionMode')}, dpd {values.get('dpdTimeoutSeconds')}"


def _brief_change(change: Mapping[str, Any]) -> str:
    if not change:
        return "none"
    return f"{change['state']} ({change['cause']}) from {_brief(change['from'])} to {_brief(change['to'])}"
