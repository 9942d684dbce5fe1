"""From a topology to resources, and from a changed topology to changed resources."""

from collections.abc import Callable, Iterator
from typing import Any

from azure_vpn_simulator.connections import Connections
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.gateway_shapes import local_properties, network_properties, topology_gateway
from azure_vpn_simulator.resource_ids import ResourceId, normal_location
from azure_vpn_simulator.resources import CONNECTIONS, GATEWAYS, LOCAL_GATEWAYS, NETWORKS, Resource
from azure_vpn_simulator.topology import (
    Connection,
    LocalNetworkGateway,
    ResourceGroup,
    Topology,
    TopologyError,
    VirtualNetwork,
    VirtualNetworkGateway,
    parse_topology,
    resolve,
)
from azure_vpn_simulator.topology_changes import Document, masked, merged
from azure_vpn_simulator.tunnels.reports import Reporting
from azure_vpn_simulator.world import World

_Shape = Callable[[ResourceId, Any], Document]


class Installation:
    """Brings the topology into the world; later documents are merged into it by name."""

    def __init__(self, world: World, connections: Connections) -> None:
        self._world = world
        self._connections = connections
        self._apply(None, world.topology)

    def shown(self) -> Document:
        """Return the topology as a document with every secret masked."""
        return masked(self._world.topology)

    def update(self, changes: Document) -> None:
        """Merge a document of the topology's shape.

        `topology_changes.merged` says how. TopologyError if the result is not a topology: then nothing has changed.
        """
        before = self._world.topology
        after = parse_topology(merged(before, changes))
        self._world.timeline.advance()
        self._apply(before, after)

    def _apply(self, before: Topology | None, after: Topology) -> None:
        presets = list(self._new_connections(before, after))
        self._world.topology = after
        self._world.draws.seed = after.options.seed
        self._rows(NETWORKS, before, after, network_properties)
        self._rows(GATEWAYS, before, after, self._gateway)
        self._rows(LOCAL_GATEWAYS, before, after, local_properties)
        for id_, _, row in _resources(after, GATEWAYS):
            self._world.tunnels.gateway_changed(id_.key, silent=row.silent)
            self._world.reports.gateway_changed(id_.key, Reporting(row.status_lag_seconds, row.tunnel_status))
            self._world.diagnostics.of_topology(id_, row.diagnostic_settings)
        for id_, _, row in _resources(after, LOCAL_GATEWAYS):
            self._world.tunnels.device_changed(id_.key, row.device)
        for id_, sent, row in presets:
            own = self._world.store.find(sent["virtualNetworkGateway1"]["id"])
            location = own.location if own is not None else self._location(id_)
            self._connections.preset(id_, location, sent, row.tags, row.shared_key)

    def _new_connections(
        self, before: Topology | None, after: Topology
    ) -> Iterator[tuple[ResourceId, Document, Connection]]:
        for subscription, group in _groups(after):
            known = {c.name for g in _same_group(before, subscription, group) for c in g.connections}
            for row in group.connections:
                id_ = ResourceId(subscription, group.name, CONNECTIONS, row.name)
                if row.name in known or self._world.store.get(id_) is not None:
                    continue
                sent = _sent(id_, row)
                try:
                    self._connections.check_preset(sent)
                except ArmError as refusal:
                    raise TopologyError(f"connection {row.name} of {group.name}: {refusal.message}") from None
                yield id_, sent, row

    def _rows(self, type_: str, before: Topology | None, after: Topology, shape: _Shape) -> None:
        old = {id_: (location, row) for id_, location, row in _resources(before, type_)}
        for id_, location, row in _resources(after, type_):
            old_location, old_row = old.get(id_, ("", None))
            same = row is old_row or _configured(row) == _configured(old_row)
            if not same or location != old_location:
                self._put(id_, location, shape(id_, row), row.tags)

    def _gateway(self, id_: ResourceId, row: VirtualNetworkGateway) -> Document:
        network = row.virtual_network or f"{row.name}-network"
        network_id = ResourceId(id_.subscription, id_.group, NETWORKS, network)
        if self._world.store.get(network_id) is None:
            made = VirtualNetwork(name=network, address_space=row.address_space)
            location = normal_location(row.location) if row.location else self._location(id_)
            self._put(network_id, location, network_properties(network_id, made), None)
        return topology_gateway(id_, row, network)

    def _location(self, id_: ResourceId) -> str:
        found = (g.location for s, g in _groups(self._world.topology) if s == id_.subscription and g.name == id_.group)
        return normal_location(next(found))

    def _put(self, id_: ResourceId, location: str, properties: Document, tags: dict[str, str] | None) -> None:
        world = self._world
        existing = world.store.get(id_)
        if existing is None:
            world.store.add(Resource(id_, location, properties, tags, world.etag(), world.guids.next()))
        else:
            existing.properties, existing.tags, existing.etag = properties, tags, world.etag()


def _sent(id_: ResourceId, row: Connection) -> Document:
    ends: Document = {}
    for name, type_, text in (
        ("virtualNetworkGateway1", GATEWAYS, row.virtual_network_gateway),
        ("localNetworkGateway2", LOCAL_GATEWAYS, row.local_network_gateway),
        ("virtualNetworkGateway2", GATEWAYS, row.peer_virtual_network_gateway),
    ):
        if text is not None:
            ends[name] = {"id": str(resolve(id_.subscription, id_.group, type_, text))}
    type_ = "IPsec" if row.local_network_gateway is not None else "Vnet2Vnet"
    return {"connectionType": type_, **ends, **row.properties}


def _groups(topology: Topology | None) -> Iterator[tuple[str, ResourceGroup]]:
    for subscription in topology.subscriptions if topology else []:
        for group in subscription.resource_groups:
            yield subscription.id, group


def _same_group(topology: Topology | None, subscription: str, group: ResourceGroup) -> list[ResourceGroup]:
    return [g for s, g in _groups(topology) if s == subscription and g.name == group.name]


def _resources(topology: Topology | None, type_: str) -> Iterator[tuple[ResourceId, str, Any]]:
    for subscription, group in _groups(topology):
        rows: dict[str, list[Any]] = {
            NETWORKS: list(group.virtual_networks),
            GATEWAYS: list(group.virtual_network_gateways),
            LOCAL_GATEWAYS: list(group.local_network_gateways),
        }
        for row in rows[type_]:
            location = normal_location(row.location or group.location)
            yield ResourceId(subscription, group.name, type_, row.name), location, row


def _configured(row: Any) -> Any:
    """Return what Azure knows of a row: not the device that is really there, whether anybody sends, or how late it reports."""
    match row:
        case LocalNetworkGateway():
            return row.model_copy(update={"device": None})
        case VirtualNetworkGateway():
            reporting: Document = {"status_lag_seconds": None, "tunnel_status": None, "diagnostic_settings": []}
            return row.model_copy(update={"silent": False, **reporting})
        case _:
            return row
