"""`virtualNetworkGateways`, `localNetworkGateways` and `virtualNetworks`, as far as connections need them."""

from functools import partial
from typing import Any

from azure_vpn_simulator import connection_bodies as bodies
from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.errors import bad_content, not_found
from azure_vpn_simulator.gateway_shapes import gateway_properties
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.resources import (
    CONNECTIONS,
    GATEWAYS,
    LOCAL_GATEWAYS,
    NETWORKS,
    Connection,
    ProvisioningState,
    Resource,
)
from azure_vpn_simulator.tunnels.history import Cause
from azure_vpn_simulator.wire import Call, Reply, json_reply
from azure_vpn_simulator.world import World, described

_PUT_GATEWAY = "PutVirtualNetworkGatewayOperation"
_PUT_LOCAL = "PutLocalNetworkGatewayOperation"
_DELETE_LOCAL = "DeleteLocalNetworkGatewayOperation"
_OBJECTS = ("sku", "bgpSettings", "localNetworkAddressSpace")


class Gateways:
    """Answers requests about gateways at both ends, and about virtual networks."""

    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, call: Call) -> Resource:
        """Return the resource that the request names; ArmError if there is none."""
        found = self._world.store.get(call.id)
        if found is None:
            raise not_found(call.type, call.name, call.group)
        return found

    def get(self, call: Call) -> Reply:
        """GET one."""
        found = self.find(call)
        headers = {"ETag": found.etag} if call.type == LOCAL_GATEWAYS else {}
        return json_reply(200, described(found, found.properties), headers)

    def list_group(self, call: Call) -> Reply:
        """GET all of a group."""
        rows = self._world.store.group(call.subscription, call.group, call.type)
        return self._world.page(call, rows, lambda row: described(row, row.properties))

    def patch(self, call: Call) -> Reply:
        """PATCH: replace the tags."""
        found = self.find(call)
        tags = bodies.tags_of(call.request.json_object()) or {}
        self._world.require_write(call, tags)
        self._world.require_gateway_free(call)
        found.tags = self._world.modified_tags(call, tags)
        found.etag = self._world.etag()
        return json_reply(200, described(found, found.properties))

    def put_gateway(self, call: Call) -> Reply:
        """PUT a virtual network gateway: replaces what was sent, keeps what the service made."""
        existing, location, tags, sent = self._put_start(call)
        self._world.require_gateway_free(call)
        durations = self._world.options.durations
        if existing is None:
            existing = self._add(call.id, location, gateway_properties(call.id, sent), tags)
            headers = self._write_gateway(call, existing, durations.gateway_create)
            return json_reply(201, described(existing, existing.properties), headers)
        existing.tags = tags
        existing.properties = {**existing.properties, **sent}
        headers = self._write_gateway(call, existing, durations.gateway_update)
        return json_reply(200, described(existing, existing.properties), headers)

    def put_local(self, call: Call) -> Reply:
        """PUT a local network gateway; its tunnels are negotiated anew if its address changed."""
        existing, location, tags, sent = self._put_start(call)
        if not (isinstance(sent.get("gatewayIpAddress"), str) or isinstance(sent.get("fqdn"), str)):
            raise bad_content("a local network gateway needs gatewayIpAddress or fqdn")
        seconds = self._world.options.durations.local_gateway
        sent = {"localNetworkAddressSpace": {"addressPrefixes": []}, **sent}
        if existing is None:
            existing = self._add(call.id, location, sent, tags)
            headers = self._world.start_write(call, _PUT_LOCAL, existing, seconds)
            return json_reply(201, described(existing, existing.properties), headers)
        moved = any(existing.properties.get(n) != sent.get(n) for n in ("gatewayIpAddress", "fqdn"))
        existing.tags, existing.properties = tags, sent
        headers = self._world.start_write(call, _PUT_LOCAL, existing, seconds)
        if moved:
            for connection in self._used_by(existing):
                if connection.live is not None:
                    self._world.tunnels.negotiate(connection, Cause.SETTINGS)
        return json_reply(200, described(existing, existing.properties), headers)

    def delete_local(self, call: Call) -> Reply:
        """DELETE a local network gateway that no connection uses."""
        found = self._world.store.get(call.id)
        if found is None:
            return Reply(204)
        self._world.require_write(call, None, delete=True)
        users = self._used_by(found)
        if users:
            raise invented.IN_USE.error(
                f"Local network gateway {found.id} is used by {', '.join(str(c.id) for c in users)}."
            )
        return self._world.start_delete(call, _DELETE_LOCAL, found, self._world.options.durations.local_gateway)

    def _put_start(self, call: Call) -> tuple[Resource | None, str, dict[str, str] | None, dict[str, Any]]:
        body = call.request.json_object()
        self._world.require_name(call)
        existing = self._world.store.get(call.id)
        tags = bodies.tags_of(body)
        self._world.require_write(call, tags)
        self._world.require_if_match(call, existing)
        location = self._world.require_location(body, existing)
        read_only = ("provisioningState", "resourceGuid")
        sent = {k: v for k, v in bodies.properties_of(body).items() if k not in read_only}
        for name in _OBJECTS:
            if not isinstance(sent.get(name, {}), dict):
                raise bad_content(f"{name} must be an object")
        return existing, location, self._world.modified_tags(call, tags), sent

    def _write_gateway(self, call: Call, gateway: Resource, seconds: float) -> dict[str, str]:
        gateway.state = ProvisioningState.UPDATING
        gateway.etag = self._world.etag()
        operation = self._world.operations.start(
            _PUT_GATEWAY,
            gateway.id,
            gateway.location,
            seconds,
            effects=call.effects,
            finish=partial(self._world.settle, gateway),
            gateways=(gateway.id.key,),
        )
        return self._world.operation_headers(call, operation)

    def _used_by(self, local: Resource) -> list[Connection]:
        return self._world.store.at_end(local.id.key)

    def _add(self, id_: ResourceId, location: str, properties: dict[str, Any], tags: dict[str, str] | None) -> Resource:
        resource = Resource(id_, location, properties, tags, self._world.etag(), self._world.guids.next())
        self._world.store.add(resource)
        return resource


TYPES = (CONNECTIONS, GATEWAYS, LOCAL_GATEWAYS, NETWORKS)
"""The resource types that are played, as ARM writes them."""
