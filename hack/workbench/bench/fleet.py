"""The fleet that is measured: its simulated Azure, and its objects in Kubernetes."""

from dataclasses import dataclass
from typing import Any

from workbench.algorithms import ALGORITHMS
from workbench.rest import Document
from workbench.stack import CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION, TENANT

NAMESPACE = "bench"
OWNER = "azvpn-owner"
KEY = "Bench.Key.not.for.use"
LONE_GROUP = "bench-lone"
"""A resource group with the gateway `gw` and the site `site`, for one connection whose requests are counted alone."""
SHARED_POLICY = "shared"
UPDATE_SECONDS = 45.0
"""How long Azure takes to update a connection, before the time scale."""

_POLICY: Document = {
    **ALGORITHMS,
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
}


@dataclass(frozen=True, slots=True)
class Fleet:
    """Connections spread evenly over gateways; each gateway has a resource group. One Secret has the key of all.

    Each connection has a policy of its own, or all but the first share one.
    """

    connections: int
    gateways: int
    shared: bool = False
    strict: bool = False
    """The devices take the values that Azure has from the start, and no others."""

    @property
    def operations_on_fullest_gateway(self) -> int:
        """How many connections the gateway with the most has."""
        return -(-self.connections // self.gateways)

    def group(self, number: int) -> str:
        """The resource group of a connection."""
        return f"bench-{number % self.gateways:03d}"

    def name(self, number: int) -> str:
        """A connection's name, in Kubernetes and in Azure; its own policy has the same."""
        return f"c{number:05d}"

    def policy_name(self, number: int) -> str:
        """The policy of a connection."""
        return SHARED_POLICY if self.shared and number else self.name(number)

    def topology(self, installation: str) -> Document:
        """The simulated Azure in which all connections exist already, tagged as this installation's."""
        groups = [self._group(gateway, installation) for gateway in range(self.gateways)]
        groups.append(_resource_group(LONE_GROUP, ["site"], []))
        return {
            "tenantId": TENANT,
            "principals": [
                {"name": "operator", "clientId": CLIENT_ID, "objectId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
            ],
            "options": {"durations": {"update": UPDATE_SECONDS}},
            "subscriptions": [{"id": SUBSCRIPTION, "name": "Bench", "resourceGroups": groups}],
        }

    def shared_objects(self) -> list[Document]:
        """What belongs to no connection alone: the Secret, and the policy that all but the first connection share."""
        return [secret(), *([policy(SHARED_POLICY)] if self.shared else [])]

    def objects(self) -> list[Document]:
        """Policies and connections that are equal to what Azure holds."""
        found = []
        for number in range(self.connections):
            name = self.name(number)
            if self.policy_name(number) == name:
                found.append(policy(name))
            site = f"site-{number:05d}"
            found.append(
                connection(name, self.group(number), site=site, policy=self.policy_name(number), routingWeight=1)
            )
        return found

    def _group(self, gateway: int, installation: str) -> Document:
        numbers = range(gateway, self.connections, self.gateways)
        existing = [
            {
                "name": self.name(number),
                "virtualNetworkGateway": "gw",
                "localNetworkGateway": f"site-{number:05d}",
                "sharedKey": KEY,
                "tags": {OWNER: f"{installation}/{NAMESPACE}/{self.name(number)}"},
                "properties": {"connectionType": "IPsec", "routingWeight": 1, "ipsecPolicies": [_POLICY]},
            }
            for number in numbers
        ]
        sites = [f"site-{number:05d}" for number in numbers]
        return _resource_group(self.group(gateway), sites, existing, strict=self.strict)


def secret() -> Document:
    """The one Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": NAMESPACE},
        "stringData": {"sharedKey": KEY},
    }


def policy(name: str, **spec: Any) -> Document:
    """An IpsecPolicy with the values that Azure has from the start, unless others are given."""
    return _object("IpsecPolicy", name, {**_POLICY, **spec})


def connection(name: str, group: str, *, site: str, policy: str | None = None, **spec: Any) -> Document:
    """A VpnConnection of the gateway `gw`, with the policy of the same name unless another is named."""
    wanted = {
        "resourceGroup": group,
        "virtualNetworkGateway": {"name": "gw"},
        "localNetworkGateway": {"name": site},
        "ipsecPolicyRef": {"name": policy or name},
        "sharedKeySecretRef": {"name": "key"},
        **spec,
    }
    return _object("VpnConnection", name, wanted)


def _object(kind: str, name: str, spec: Document) -> Document:
    return {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _resource_group(name: str, sites: list[str], connections: list[Document], *, strict: bool = False) -> Document:
    # Nobody sends anything: else each status would tell one day that bytes have begun to flow.
    device: Document = {"key": KEY, "silent": True}
    if strict:
        device["proposals"] = [ALGORITHMS]
    return {
        "name": name,
        "location": "eastus",
        # The largest gateways take a hundred tunnels.
        "virtualNetworkGateways": [{"name": "gw", "sku": "VpnGw5AZ", "addressSpace": ["10.0.0.0/16"]}],
        "localNetworkGateways": [
            {
                "name": site,
                "gatewayIpAddress": f"198.51.100.{number % 250 + 1}",
                "addressSpace": [f"172.16.{number % 250}.0/24"],
                "device": device,
            }
            for number, site in enumerate(sites)
        ],
        "connections": connections,
    }
