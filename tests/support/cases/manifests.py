"""Manifests that nobody thought of: good ones of both kinds, with things done to them that people and generators do."""

import copy
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from support.cases.connections import CONNECTION_CASES
from support.cases.objects import NETWORK, Document, connection, observed, pair_connection, policy, vnet_connection
from support.cases.policies import POLICY_CASES

_ODD: Final[Sequence[Any]] = (
    *(None, "", "x", 0, 1, -1, 1.5, 45.0, 2**31, 10**12, 10**30, True, False, [], {}, [None], [{}], {"a": None}),
    *({"name": "a"}, ["a"], "AES256", "10.0.0.0/8", "22:00", "4h", "Europe/Berlin", "azvpn-x", "é", "a/b", "x" * 600),
)
_NUMBERS: Final = (0, 1, 8, 9, 45, 299, 300, 1023, 1024, 3600, 3601, 32000, 32001, 172799, 172800, 2147483647, -1)
_ALGORITHMS: Final = (
    *("None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256", "MD5", "SHA1"),
    *("SHA256", "SHA384", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "DHGroup24", "ECP256", "ECP384"),
    *("PFS1", "PFS2", "PFS14", "PFS24", "PFS2048", "PFSMM", "aes256", "GCMASE256"),
)
_TEXTS: Final = (
    *("VNet1GW", "a.", "..", "x" * 80, "x" * 81, "a b", "TestRG1", "rg(1)", "A", "site6", "-a", "a..b", "é\u212a\n"),
    *("00000000-0000-0000-0000-000000000000", f"{NETWORK}/virtualNetworkGateways/VNet1GW", "169.254.21.1", "::1"),
    *("10.1.0.0/16", "10.1.0.0", "fd00::/8", "Observe", "Enforce", "IKEv1", "Vnet2Vnet", "IPsec", "ResponderOnly"),
)
_NEW_FIELDS: Final[dict[str, Sequence[Any]]] = {
    "IpsecPolicy": (
        {"rollout": {"strategy": "AllAtOnce", "maxUnavailable": "20%"}},
        {"rollout": {"maxUnavailable": 0}},
        {"rollout": {"maxUnavailable": "101%", "rekeyProof": "None", "paused": True}},
        {"saDataSizeKilobytes": 512},
        {"saLifeTimeSeconds": 45},
    ),
    "VpnConnection": (
        {"tags": {"env": "prod", "Env": "x"}},
        {"tags": {"azvpn-owner": "x"}},
        {"tags": {f"t{number}": "" for number in range(41)}},
        {"tags": {"a": "x" * 257, "b/c": ""}},
        {"usePolicyBasedTrafficSelectors": True},
        {"connectionProtocol": "IKEv1"},
        {"trafficSelectorPolicies": [{"localAddressRanges": ["10.0.0.0/8"], "remoteAddressRanges": ["10.1.0.0"]}]},
        {"trafficSelectorPolicies": [{"localAddressRanges": [], "remoteAddressRanges": ["10.1.0.0/16"] * 101}]},
        {"trafficSelectorPolicies": [{"localAddressRanges": ["10.0.0.0/8"]}]},
        {"changeWindows": [{"start": "22:00", "duration": "4h", "days": ["Mon"], "timeZone": "Europe/Berlin"}]},
        {"changeWindows": [{"start": "24:00", "duration": "25h", "timeZone": "Europe/Berln"}]},
        {"changeWindows": [{"start": "22:00", "duration": "4h", "days": []}]},
        {"confirm": {"withinSeconds": 59, "onFailure": "Undo"}},
        {"dpdTimeoutSeconds": 8, "routingWeight": 32001},
        {"ingressNatRules": [{"name": "a"}, {"name": "a", "id": "b"}, {}]},
        {"enableBgp": True, "gatewayCustomBgpIpAddresses": [{"ipConfigurationId": "x", "customBgpIpAddress": "y"}]},
        {"gatewayCustomBgpIpAddresses": [{"customBgpIpAddress": "169.254.21.1"}]},
        {"reverse": {"azureName": "VNet1toVNet2", "connectionMode": "ResponderOnly"}},
        {"peerVirtualNetworkGateway": {"name": "vnet1gw"}},
        {"managementPolicy": "Observe"},
        {"ipsecPolicyRef": {"name": "x" * 64}},
        {"sharedKeySecretRef": {"name": "A", "key": "a b"}},
    ),
}
_METADATA: Final[Sequence[Document]] = (
    {"labels": {"azvpn.dev/site": "a"}, "annotations": {"azvpn.dev/Note": "x"}},
    {"labels": {"-a": "b"}},
    {"labels": {"a": "-b"}},
    {"labels": {"a": "x" * 64}},
    {"labels": {"x" * 64: ""}},
    {"labels": {"A.b/c": "d"}},
    {"labels": {"a/b/c": "d"}},
    {"labels": {"/a": "b"}},
    {"labels": {"a": None}},
    {"labels": {"a": 1}},
    {"labels": ["a"]},
    {"labels": None},
    {"annotations": {"a b": ""}},
    {"annotations": {"A.B/C": "x"}},
    {"annotations": {"a": True}},
    {"finalizers": ["a", "b.c/d"]},
    {"finalizers": ["a b"]},
    {"finalizers": "a"},
    {"name": "A"},
    {"name": "a" * 64},
    {"name": "a" * 254},
    {"name": "a.b-c"},
    {"name": ""},
    {"name": None},
    {"name": 5},
    {"name": None, "generateName": "a-"},
    {"name": None, "generateName": "A-"},
    {"generateName": "a_"},
    {"ownerReferences": [{"kind": "a"}]},
    {"ownerReferences": [{"apiVersion": "v1", "kind": "a", "name": "b", "uid": "c", "more": 1}]},
    {"creationTimestamp": None},
    {"creationTimestamp": "2026-01-01T00:00:00Z"},
    {"creationTimestamp": "yesterday"},
    {"resourceVersion": ""},
    {"foo": 1},
    {"Labels": {}},
    {"generation": 3},
    {"generation": "3"},
)


def make_manifests(seed: int, count: int) -> list[Document]:
    """So many objects, the same ones for the same seed: about a third good, most others with one or two things wrong."""
    chance = random.Random(seed)
    bases: list[Document] = [case.document for case in (*POLICY_CASES, *CONNECTION_CASES)]
    bases += [policy(), connection(), observed(), vnet_connection(), pair_connection()] * (len(bases) // 5)
    return [_make(chance, chance.choice(bases)) for _ in range(count)]


def _make(chance: random.Random, base: Document) -> Document:
    document = copy.deepcopy(base)
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        chance.choice(_CHANGES)(chance, document)
    return document


def _put_field(chance: random.Random, document: Document) -> None:
    if isinstance(document.get("spec"), dict):
        document["spec"].update(copy.deepcopy(chance.choice(_NEW_FIELDS[document["kind"]])))


def _put_odd(chance: random.Random, document: Document) -> None:
    where = _choose(chance, document)
    if where is not None:
        node, key = where
        node[key] = copy.deepcopy(chance.choice(_ODD))


def _put_likely(chance: random.Random, document: Document) -> None:
    where = _choose(chance, document)
    if where is not None:
        node, key = where
        node[key] = chance.choice(_NUMBERS if isinstance(node[key], int) else (*_ALGORITHMS, *_TEXTS))


def _drop(chance: random.Random, document: Document) -> None:
    where = _choose(chance, document)
    if where is not None:
        del where[0][where[1]]


def _put_unknown(chance: random.Random, document: Document) -> None:
    where = _choose(chance, document)
    if where is not None and isinstance(where[0], dict):
        name = chance.choice(("foo", "dhgroup", "DhGroup", "x-y", "status", "ikeEncryptions"))
        where[0][name] = copy.deepcopy(chance.choice(_ODD))


def _put_metadata(chance: random.Random, document: Document) -> None:
    if isinstance(document.get("metadata"), dict):
        document["metadata"].update(copy.deepcopy(chance.choice(_METADATA)))


def _put_root(chance: random.Random, document: Document) -> None:
    name, value = chance.choice(
        (
            ("status", {"foo": 1}),
            ("status", {"connections": "x"}),
            ("status", "x"),
            ("data", {}),
            ("spec", None),
            ("spec", []),
            ("metadata", None),
            ("metadata", "x"),
        )
    )
    document[name] = value


_CHANGES: Final[Sequence[Callable[[random.Random, Document], None]]] = (
    *(_put_field, _put_field, _put_odd, _put_likely, _put_likely, _drop, _put_unknown, _put_metadata),
    *(_put_field, _put_odd, _put_likely, _put_metadata, _put_root),
)


def _choose(chance: random.Random, document: Document) -> tuple[Any, Any] | None:
    """A place below the spec: what has it, and its name or number there."""
    node: Any = document.get("spec")
    where: tuple[Any, Any] | None = None
    while isinstance(node, dict | list) and node:
        key = chance.choice(sorted(node)) if isinstance(node, dict) else chance.randrange(len(node))
        where = node, key
        if chance.random() < 0.5:
            break
        node = node[key]
    return where
