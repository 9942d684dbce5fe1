"""What a case of the rule tables is, and the objects that the cases change. Typed from the how-to, not from the package."""

import copy
from dataclasses import dataclass
from typing import Any

import pytest

Document = dict[str, Any]
DROP: Any = object()
"""As a value: leave the field out."""

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
OTHER_SUBSCRIPTION = "99999999-2222-3333-4444-555555555555"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/TestRG1"
NETWORK = f"{GROUP_ID}/providers/Microsoft.Network"


@dataclass(frozen=True)
class Case:
    """One object, and what becomes of it."""

    why: str
    document: Document
    refused: tuple[tuple[str, str], ...] = ()
    """Rule and field of every violation; empty if the object is accepted."""
    hint: str = ""
    """Part of a hint that one of the violations must give."""


@dataclass(frozen=True)
class UpdateCase:
    """One update of an object, and what becomes of it."""

    why: str
    old: Document
    new: Document
    refused: tuple[tuple[str, str], ...] = ()
    status: Document | None = None
    """The status that the object has at the time."""


def params(cases: list[Any]) -> list[Any]:
    """Turn cases into pytest parameters that are named by their reason."""
    names = [case.why for case in cases]
    assert len(names) == len(set(names)), "each case needs its own reason"
    return [pytest.param(case, id=case.why) for case in cases]


def policy(metadata: Document | None = None, **changes: Any) -> Document:
    """Build the how-to's policy for Site6 with some fields of its spec changed."""
    spec: Document = {
        "ikeEncryption": "AES256",
        "ikeIntegrity": "SHA384",
        "dhGroup": "DHGroup24",
        "ipsecEncryption": "AES256",
        "ipsecIntegrity": "SHA256",
        "pfsGroup": "None",
        "saLifeTimeSeconds": 30000,
        "saDataSizeKilobytes": 102400000,
    }
    return _object("IpsecPolicy", "site6", spec, metadata, changes)


def connection(metadata: Document | None = None, **changes: Any) -> Document:
    """Build the how-to's connection to Site6 with some fields of its spec changed."""
    spec: Document = {
        "azureName": "VNet1toSite6",
        "resourceGroup": "TestRG1",
        "virtualNetworkGateway": {"name": "VNet1GW"},
        "localNetworkGateway": {"name": "Site6"},
        "ipsecPolicyRef": {"name": "site6"},
        "sharedKeySecretRef": {"name": "site6-key"},
    }
    return _object("VpnConnection", "vnet1-to-site6", spec, metadata, changes)


def vnet_connection(**changes: Any) -> Document:
    """Build one half of the how-to's VNet-to-VNet pair with some fields of its spec changed."""
    peer = {"name": "VNet2GW", "resourceGroup": "TestRG2"}
    return connection(**{"localNetworkGateway": DROP, "peerVirtualNetworkGateway": peer, **changes})


def pair_connection(reverse: Document | None = None, **changes: Any) -> Document:
    """Build both halves of the how-to's VNet-to-VNet pair as one object, with some fields changed."""
    half = {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2", **(reverse or {})}
    kept = {name: value for name, value in half.items() if value is not DROP}
    return vnet_connection(**{"azureName": "VNet1toVNet2", "reverse": kept, **changes})


def observed(**changes: Any) -> Document:
    """Build an object that only watches a connection, with some fields of its spec changed."""
    spec = {"azureName": "VNet1toSite6", "resourceGroup": "TestRG1", "managementPolicy": "Observe"}
    return _object("VpnConnection", "vnet1-to-site6", spec, None, changes)


def _object(kind: str, name: str, spec: Document, metadata: Document | None, changes: Document) -> Document:
    merged = {k: copy.deepcopy(v) for k, v in {**spec, **changes}.items() if v is not DROP}
    meta = {k: v for k, v in {"name": name, "namespace": "network", **(metadata or {})}.items() if v is not DROP}
    return {"apiVersion": "azvpn.dev/v1alpha1", "kind": kind, "metadata": meta, "spec": merged}
