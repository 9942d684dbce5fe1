"""What is above resources: tenants, subscriptions, regions, resource groups and resource providers."""

from typing import Any

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.errors import group_not_found
from azure_vpn_simulator.gateways import TYPES
from azure_vpn_simulator.resource_ids import NETWORK, normal_location, within
from azure_vpn_simulator.topology import Principal, ResourceGroup, Subscription, Topology
from azure_vpn_simulator.wire import Reply, json_reply
from azure_vpn_simulator.world import World

_API_VERSIONS = ["2026-03-01", "2025-05-01", "2024-05-01", "2023-09-01", "2022-07-01", "2021-08-01", "2020-11-01"]


class Catalog:
    """Finds subscriptions and groups, and answers requests about them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._indexed: Topology | None = None
        self._subscriptions: dict[str, Subscription] = {}
        self._groups: dict[tuple[str, str], ResourceGroup] = {}

    def subscription(self, id_: str) -> Subscription:
        """Find a subscription; ArmError if there is none."""
        self._index()
        found = self._subscriptions.get(id_.lower())
        if found is not None:
            return found
        raise invented.NO_SUBSCRIPTION.error(f"The subscription '{id_}' could not be found.")

    def group(self, subscription: Subscription, name: str) -> ResourceGroup:
        """Find a resource group; ArmError if there is none."""
        self._index()
        found = self._groups.get((subscription.id.lower(), name.lower()))
        if found is None:
            raise group_not_found(name)
        return found

    def tenants(self) -> Reply:
        """GET /tenants."""
        tenant = self._world.topology.tenant_id
        row = {"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Simulated", "tenantCategory": "Home"}
        return json_reply(200, {"value": [row]})

    def subscriptions(self, principal: Principal) -> Reply:
        """GET /subscriptions: those in which the principal has any right."""
        rows = [
            self._subscription(s)
            for s in self._world.topology.subscriptions
            if any(
                within(r.scope, f"/subscriptions/{s.id}") or within(f"/subscriptions/{s.id}", r.scope)
                for r in principal.rights
            )
        ]
        return json_reply(200, {"value": rows})

    def one_subscription(self, id_: str) -> Reply:
        """GET /subscriptions/{id}."""
        return json_reply(200, self._subscription(self.subscription(id_)))

    def locations(self, subscription: Subscription) -> Reply:
        """GET the regions that the topology uses."""
        names = sorted({normal_location(g.location) for g in subscription.resource_groups})
        rows = [{"id": f"/subscriptions/{subscription.id}/locations/{n}", "name": n, "displayName": n} for n in names]
        return json_reply(200, {"value": rows})

    def groups(self, subscription: Subscription) -> Reply:
        """GET the resource groups of a subscription."""
        return json_reply(200, {"value": [_group(subscription, g) for g in subscription.resource_groups]})

    def one_group(self, subscription: Subscription, name: str, method: str) -> Reply:
        """GET or HEAD one resource group."""
        found = self.group(subscription, name)
        return Reply(204) if method == "HEAD" else json_reply(200, _group(subscription, found))

    def providers(self, subscription: Subscription) -> Reply:
        """GET the resource providers: there is one."""
        return json_reply(200, {"value": [_provider(subscription)]})

    def provider(self, subscription: Subscription, namespace: str) -> Reply:
        """GET or register a resource provider."""
        if namespace.lower() != NETWORK.lower():
            raise invented.PATH_UNKNOWN.error(f"The resource namespace '{namespace}' is invalid.")
        return json_reply(200, _provider(subscription))

    def _index(self) -> None:
        topology = self._world.topology
        if topology is self._indexed:
            return
        self._indexed = topology
        self._subscriptions = {s.id.lower(): s for s in topology.subscriptions}
        self._groups = {(s.id.lower(), g.name.lower()): g for s in topology.subscriptions for g in s.resource_groups}

    def _subscription(self, subscription: Subscription) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{subscription.id}",
            "subscriptionId": subscription.id,
            "tenantId": self._world.topology.tenant_id,
            "displayName": subscription.name,
            "state": "Enabled",
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "Simulated",
                "spendingLimit": "Off",
            },
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
        }


def _group(subscription: Subscription, group: ResourceGroup) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": f"/subscriptions/{subscription.id}/resourceGroups/{group.name}",
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": normal_location(group.location),
        "properties": {"provisioningState": "Succeeded"},
    }
    if group.tags is not None:
        document["tags"] = group.tags
    return document


def _provider(subscription: Subscription) -> dict[str, Any]:
    regions = sorted({normal_location(g.location) for g in subscription.resource_groups})
    types = [*TYPES, "locations", "locations/operations", "locations/operationResults"]
    return {
        "id": f"/subscriptions/{subscription.id}/providers/{NETWORK}",
        "namespace": NETWORK,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [{"resourceType": t, "locations": regions, "apiVersions": _API_VERSIONS} for t in types],
    }
