"""Objects with their statuses as the status page finds them, and fleets of them in any size. The same size gives the same fleet."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.domain.azure.canonical import canonical_policy

NOW: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SUBSCRIPTION: Final = "22222222-2222-4222-8222-222222222222"
NAMESPACE: Final = "network"
BEFORE: Final[Mapping[str, Any]] = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
}
AFTER: Final = {**BEFORE, "dhGroup": "ECP384"}

Document = dict[str, Any]

_UP: Final = ("True", "AllTunnelsUp", "all tunnels are up")
_DOWN: Final = (
    "False",
    "NotConnected",
    "the tunnel is down: compare policy, shared key and IKE version with the other side, and see that it is reachable",
)
_HALF: Final = ("True", "RedundancyLost", "1 of 2 tunnels are up; down: VNet1GW_IN_1")
_READY: Final = ("True", "UpToDate", "Azure holds what the object says")


def hash_of(values: Mapping[str, Any]) -> str:
    """As the operator writes it."""
    return canonical_policy(IpsecPolicySpec.model_validate(values)).hash


def ago(seconds: float) -> str:
    """A moment so long ago."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, status: str, reason: str, message: str = "", since: float = 7200) -> Document:
    """One condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": ago(since)}


def a_status(
    *,
    ready: tuple[str, str, str] = _READY,
    connected: tuple[str, str, str] = _UP,
    tunnels: tuple[int, int] = (1, 1),
    since: float = 7200,
    extra: Mapping[str, tuple[str, str, str]] | None = None,
    names: tuple[str, ...] = ("VNet1toSite6",),
    group: str = "TestRG1",
    **fields: Any,
) -> Document:
    """A VpnConnection's status. `tunnels`: up, and all, of each half; `extra`: more conditions by type."""
    worst = connected if ready[0] == "True" and (connected[0] != "True" or connected[1] == "RedundancyLost") else ready
    up, total = tunnels
    halves = [
        {
            "role": role,
            "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network/connections/{name}",
            "provisioningState": "Succeeded",
            "connectionStatus": "Connected" if up else "NotConnected",
            "tunnels": [
                {
                    "name": f"{name}_IN_{number}",
                    "status": "Connected" if number < up else "NotConnected",
                    "lastEstablished": ago(since),
                }
                for number in range(total)
            ],
        }
        for role, name in zip(("Forward", "Reverse"), names, strict=False)
    ]
    return {
        "observedGeneration": 1,
        "conditions": [
            condition("Ready", *ready, since=since),
            condition("Connected", *connected, since=since),
            *(condition(kind, *words, since=since) for kind, words in (extra or {}).items()),
        ],
        "summary": {"reason": worst[1], "message": worst[2]},
        "halves": halves,
    } | fields


def a_connection(
    name: str, spec: Mapping[str, Any], status: Mapping[str, Any] | None, *, namespace: str = NAMESPACE, **metadata: Any
) -> Document:
    """A VpnConnection."""
    return {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": "VpnConnection",
        "metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}/{name}", "generation": 1} | metadata,
        "spec": dict(spec),
        **({"status": dict(status)} if status is not None else {}),
    }


def a_site(
    name: str,
    site: str,
    *,
    gateway: str = "VNet1GW",
    group: str = "TestRG1",
    policy: str = "branches",
    status: Mapping[str, Any] | None = None,
    namespace: str = NAMESPACE,
    **changes: Any,
) -> Document:
    """A site-to-site connection; up and in peace without a `status`."""
    azure_name = f"{gateway}to{site}"
    spec = {
        "azureName": azure_name,
        "resourceGroup": group,
        "virtualNetworkGateway": {"name": gateway},
        "localNetworkGateway": {"name": site},
        "ipsecPolicyRef": {"name": policy},
        "sharedKeySecretRef": {"name": "keys"},
    } | changes
    return a_connection(name, spec, status or a_status(names=(azure_name,), group=group), namespace=namespace)


def a_pair(
    name: str,
    one: str,
    other: str,
    *,
    group: str = "TestRG1",
    other_group: str | None = None,
    status: Mapping[str, Any] | None = None,
    policy: str = "vnets",
) -> Document:
    """An object that owns both halves."""
    names = (f"{one}to{other}", f"{other}to{one}")
    spec = {
        "azureName": names[0],
        "resourceGroup": group,
        "virtualNetworkGateway": {"name": one},
        "peerVirtualNetworkGateway": {"name": other, "resourceGroup": other_group or group},
        "reverse": {"azureName": names[1], "resourceGroup": other_group or group},
        "ipsecPolicyRef": {"name": policy},
    }
    return a_connection(name, spec, status or a_status(names=names, group=group))


def a_policy(
    name: str,
    *,
    connections: int = 0,
    updated: int | None = None,
    target: Mapping[str, Any] = BEFORE,
    state: str = "Current",
    rolled_out: tuple[str, str, str] | None = None,
    since: float = 86400,
    **rollout: Any,
) -> Document:
    """An IpsecPolicy whose spec has the values of `target`, a revision in this state; BEFORE is Current beside another target."""
    revisions = [
        {"hash": hash_of(target), "values": dict(target), "generation": 2, "state": state, "since": ago(since)}
    ]
    if target != BEFORE:
        revisions.append(
            {"hash": hash_of(BEFORE), "values": dict(BEFORE), "generation": 1, "state": "Current", "since": ago(864000)}
        )
    failed = state == "Failed"
    said = rolled_out or ("True", "RolledOut", f"all {connections} connections hold the values")
    return {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": "IpsecPolicy",
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": name, "generation": 2},
        "spec": {**target, **({"rollout": rollout} if rollout else {})},
        "status": {
            "observedGeneration": 2,
            "connections": connections,
            "updatedConnections": connections if updated is None else updated,
            "strength": "Strong",
            "revisions": revisions,
            "conditions": [
                condition("Ready", "False" if failed else "True", "RolloutFailed" if failed else "Valid"),
                condition("RolledOut", *said, since=since),
            ],
        },
    }


def assigned(policy: str, values: Mapping[str, Any]) -> Document:
    """`status.policy` of a connection that holds these values."""
    return {"name": policy, "hash": hash_of(values), "source": "Custom"}


def a_change(state: str, *, since: float = 60, **changes: Any) -> Document:
    """`status.change` of the edit from BEFORE to AFTER."""
    return {
        "state": state,
        "cause": "Policy",
        "startTime": ago(since),
        "from": {"ipsecPolicies": [dict(BEFORE)]},
        "to": {"ipsecPolicies": [dict(AFTER)]},
    } | changes


def proved(since: float) -> Document:
    """`status.lastKnownGood` after a change that has proved itself."""
    return {"time": ago(since), "confirmed": True, "settings": {"ipsecPolicies": [dict(AFTER)]}}


SYNCED: Final = {"Synced": ("True", "UpToDate", "")}


def in_rollout(standing: str, policy: str, **facts: Any) -> Document:
    """The status of a connection that stands so in the rollout of AFTER, which began 600 s ago."""
    match standing:
        case "done":
            return a_status(policy=assigned(policy, AFTER), lastKnownGood=proved(240), extra=SYNCED, **facts)
        case "moving":
            words = (
                "False",
                "Confirming",
                "the change is in force in Azure; the tunnel has 8 minutes to prove that it works",
            )
            return a_status(
                ready=words,
                connected=(
                    "False",
                    "Renegotiating",
                    "a change has just been applied, and 0 of 1 tunnels are back so far",
                ),
                tunnels=(0, 1),
                since=25,
                policy=assigned(policy, AFTER),
                change=a_change("Confirming", inForceSince=ago(20)),
                extra=SYNCED | {"Reconciling": ("True", "Confirming", "")},
                **facts,
            )
        case "undone":
            words = (
                "True",
                "RolloutStopped",
                "the policy has new values, and a tunnel did not come back with them: this one holds those from before",
            )
            return a_status(
                ready=words,
                policy=assigned(policy, AFTER),
                change=a_change("RolledBack", since=500, endTime=ago(120)),
                extra=SYNCED,
                **facts,
            )
        case "undoing":
            words = ("False", "RollingBack", "the tunnel did not come back: the values from before are on their way")
            return a_status(
                ready=words,
                connected=_DOWN,
                tunnels=(0, 1),
                policy=assigned(policy, BEFORE),
                change=a_change("RollingBack", since=500, endTime=ago(20)),
                extra={"Reconciling": words},
                **facts,
            )
        case _:
            words = ("True", "WaitingForRollout", "the policy has new values, which reach its connections in waves")
            return a_status(ready=words, policy=assigned(policy, BEFORE), extra=SYNCED, **facts)


CITIES: Final = (
    "Aarhus",
    "Basel",
    "Bergen",
    "Bilbao",
    "Bologna",
    "Bremen",
    "Brno",
    "Cork",
    "Dresden",
    "Espoo",
    "Gdansk",
    "Geneva",
    "Ghent",
    "Graz",
    "Leeds",
    "Leiden",
    "Lille",
    "Linz",
    "Lyon",
    "Malmo",
    "Metz",
    "Nantes",
    "Oulu",
    "Porto",
    "Poznan",
    "Reims",
    "Riga",
    "Rouen",
    "Split",
    "Tartu",
    "Turin",
    "Turku",
    "Utrecht",
    "Vigo",
    "Vilnius",
    "Zadar",
)
REGIONS: Final = ("Nordics", "Central", "West", "South", "East")


def small_fleet() -> list[Document]:
    """Ten connections, with one of everything that people meet first."""
    lost = ("True", "RedundancyLost", "1 of 2 tunnels are up; down: VNet1toSite8_IN_1")
    window = (
        "False",
        "WaitingForWindow",
        "the next one that is open for at least 22 min opens at 2026-03-01T22:00:00Z, 23:00 in Europe/Berlin",
    )
    return [
        a_site(
            "hq-oslo",
            "Oslo",
            gateway="HubGW",
            group="Hub",
            status=a_status(tunnels=(2, 2), names=("HubGWtoOslo",), group="Hub"),
        ),
        a_site(
            "hq-lisbon",
            "Lisbon",
            gateway="HubGW",
            group="Hub",
            status=a_status(connected=lost, tunnels=(1, 2), since=900, names=("HubGWtoLisbon",), group="Hub"),
        ),
        a_site(
            "warehouse-lyon",
            "Lyon",
            gateway="HubGW",
            group="Hub",
            status=a_status(connected=_DOWN, tunnels=(0, 1), since=340, names=("HubGWtoLyon",), group="Hub"),
        ),
        a_site(
            "shop-turin",
            "Turin",
            gateway="HubGW",
            group="Hub",
            status=in_rollout("moving", "branches", names=("HubGWtoTurin",), group="Hub"),
        ),
        a_site(
            "shop-riga",
            "Riga",
            gateway="HubGW",
            group="Hub",
            status=in_rollout("behind", "branches", names=("HubGWtoRiga",), group="Hub"),
        ),
        a_site(
            "shop-porto",
            "Porto",
            gateway="HubGW",
            group="Hub",
            status=in_rollout("done", "branches", names=("HubGWtoPorto",), group="Hub"),
        ),
        a_site(
            "plant-graz",
            "Graz",
            gateway="SpokeEastGW",
            group="Spokes",
            policy="plants",
            status=a_status(ready=window, names=("SpokeEastGWtoGraz",), group="Spokes"),
        ),
        a_site(
            "plant-brno",
            "Brno",
            gateway="SpokeEastGW",
            group="Spokes",
            policy="plants",
            status=a_status(names=("SpokeEastGWtoBrno",), group="Spokes"),
        ),
        a_pair(
            "hub-east",
            "HubGW",
            "SpokeEastGW",
            group="Hub",
            other_group="Spokes",
            status=a_status(names=("HubGWtoSpokeEastGW", "SpokeEastGWtoHubGW"), group="Hub"),
        ),
        a_pair(
            "hub-west",
            "HubGW",
            "SpokeWestGW",
            group="Hub",
            other_group="Spokes",
            status=a_status(names=("HubGWtoSpokeWestGW", "SpokeWestGWtoHubGW"), group="Hub"),
        ),
        a_policy(
            "branches",
            connections=6,
            updated=2,
            target=AFTER,
            state="Target",
            since=600,
            rolled_out=(
                "False",
                "RollingOut",
                "1 connections hold the new values, 1 are changing, 4 wait, 0 take no part",
            ),
        ),
        a_policy("plants", connections=2),
        a_policy("vnets", connections=2),
    ]


def fleet(size: int, gateways: int = 0) -> list[Document]:
    """So many connections, a tenth of them pairs' halves as owned pairs; about one in twelve is worth a look."""
    dice = random.Random(size)
    count = gateways or max(size // 10, 1)
    hubs = [
        (f"{REGIONS[n % len(REGIONS)]}GW{n // len(REGIONS) + 1}", f"{REGIONS[n % len(REGIONS)]}-RG")
        for n in range(count)
    ]
    documents = []
    for number in range(size):
        gateway, group = hubs[number % count]
        if number < size // 20 and count > 1:
            other, other_group = hubs[(number * 3 + 1) % count]
            if other != gateway:
                names = (f"{gateway}to{other}", f"{other}to{gateway}")
                status = a_status(
                    names=names,
                    group=group,
                    connected=_DOWN if number == 2 else _UP,
                    tunnels=(0, 1) if number == 2 else (1, 1),
                )
                documents.append(
                    a_pair(f"pair-{number:03}", gateway, other, group=group, other_group=other_group, status=status)
                )
                continue
        site = f"{CITIES[number % len(CITIES)]}{number // len(CITIES) + 1}"
        facts: dict[str, Any] = {"names": (f"{gateway}to{site}",), "group": group}
        documents.append(
            a_site(
                f"site-{number:04}", site, gateway=gateway, group=group, status=_some_status(dice.random(), dice, facts)
            )
        )
    sites = sum(document["metadata"]["name"].startswith("site") for document in documents)
    documents.append(
        a_policy(
            "branches",
            connections=sites,
            updated=sites // 3,
            target=AFTER,
            state="Target",
            since=600,
            rolled_out=("False", "RollingOut", "the new values are on their way"),
        )
    )
    return [*documents, a_policy("vnets", connections=size // 20)]


def _some_status(chance: float, dice: random.Random, facts: dict[str, Any]) -> Document:
    since = dice.uniform(30, 20000)
    if chance < 0.02:
        return a_status(connected=_DOWN, tunnels=(0, 1), since=since, **facts)
    if chance < 0.03:
        return a_status(connected=_HALF, tunnels=(1, 2), since=since, **facts)
    if chance < 0.04:
        words = (
            "False",
            "AzureForbidden",
            "the operator may not write the connection: it lacks Microsoft.Network/connections/write",
        )
        return a_status(ready=words, extra={"Stalled": words}, since=since, **facts)
    if chance < 0.05:
        return a_status(
            connected=("Unknown", "StatusNotRead", "Azure could not be read for three intervals"), since=since, **facts
        )
    if chance < 0.07:
        return a_status(
            ready=("True", "UpToDate", ""),
            extra={"Paused": ("True", "HeldInAzure", "the tag azvpn-hold is set")},
            **facts,
        )
    if chance < 0.11:
        return in_rollout("moving", "branches", **facts)
    if chance < 0.45:
        return in_rollout("done", "branches", **facts)
    if chance < 0.50:
        return in_rollout("behind", "branches", **facts)
    return a_status(
        tunnels=(2, 2) if chance > 0.9 else (1, 1),
        policy=assigned("branches", AFTER),
        lastKnownGood=proved(200),
        extra=SYNCED,
        **facts,
    )
