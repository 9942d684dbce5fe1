"""`Microsoft.Network/connections`: create, read, replace, tag and delete."""

from typing import Any, cast

from azure_vpn_simulator import access, gateway_rules
from azure_vpn_simulator import connection_bodies as bodies
from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.connection_views import ConnectionViews, live_config
from azure_vpn_simulator.errors import not_found
from azure_vpn_simulator.operations import Operation, Outcome, another_operation, referenced_not_ready
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.resources import (
    CONNECTIONS,
    GATEWAYS,
    Connection,
    ProvisioningState,
    Resource,
    gateway_keys,
    reference,
)
from azure_vpn_simulator.wire import Call, Reply, json_reply
from azure_vpn_simulator.world import World

_PUT = "PutVirtualNetworkGatewayConnectionOperation"
_DELETE = "DeleteVirtualNetworkGatewayConnectionOperation"
_PATCH = "UpdateVirtualNetworkGatewayConnectionTagsOperation"


class Connections:
    """Answers requests about connections themselves; `connection_actions` has what is below them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._views = ConnectionViews(world)

    def find(self, call: Call) -> Connection:
        """Return the connection that the request names; ArmError if there is none."""
        found = self._world.store.connection(call.id)
        if found is None:
            raise not_found(CONNECTIONS, call.name, call.group)
        return found

    def get(self, call: Call) -> Reply:
        """GET one."""
        return json_reply(200, self._views.shown(self.find(call), call.api_version, status=True))

    def list_group(self, call: Call) -> Reply:
        """GET all of a group: without connectionStatus and without keys."""
        rows = cast("list[Connection]", self._world.store.group(call.subscription, call.group, CONNECTIONS))
        return self._world.page(call, rows, lambda row: self._views.listed(row, call.api_version))

    def list_of_gateway(self, call: Call) -> Reply:
        """GET all that a gateway has a part in, in the shorter form of that list."""
        if self._world.store.get(call.id) is None:
            raise not_found(GATEWAYS, call.name, call.group)
        rows = self._world.store.at_end(call.id.key)
        return self._world.page(call, rows, lambda row: self._views.listed_of_gateway(row, call.api_version))

    def put(self, call: Call) -> Reply:
        """PUT: create (201) or replace (200); what is left out goes back to its default."""
        body = call.request.json_object()
        self._world.require_name(call)
        existing = self._world.store.connection(call.id)
        tags = bodies.tags_of(body)
        self._world.require_write(call, tags)
        self._world.require_if_match(call, existing)
        location = self._world.require_location(body, existing)
        sent = bodies.properties_of(body)
        properties = bodies.normalized(
            self._with_protocol(sent, existing), normalize_aliases=self._world.options.normalize_aliases
        )
        key = sent.get("sharedKey")
        if key is not None:
            bodies.check_key(key)
        self._check_ends(call, properties, existing)
        tags = self._world.modified_tags(call, tags)
        self.require_free(call, properties)
        if existing is None:
            return self._create(call, location, properties, tags, key)
        return self._replace(call, existing, properties, tags, key)

    def patch(self, call: Call) -> Reply:
        """PATCH: replace the tags, nothing else."""
        connection = self.find(call)
        body = call.request.json_object()
        tags = bodies.tags_of(body) or {}
        self._world.require_write(call, tags)
        self._world.require_if_match(call, connection)
        self.require_free(call, connection.properties)
        connection.tags = self._world.modified_tags(call, tags)
        connection.etag = self._world.etag()
        if self._world.options.tags_patch_answer == 200:
            return json_reply(200, self._views.shown(connection, call.api_version, status=False))
        operation = self.begin(call, connection, _PATCH, self._world.options.durations.tags)
        shown = self._views.shown(connection, call.api_version, status=False)
        return json_reply(202, shown, self._world.operation_headers(call, operation))

    def delete(self, call: Call) -> Reply:
        """DELETE: 202, or 204 if there is nothing to delete."""
        connection = self._world.store.connection(call.id)
        if connection is None:
            return Reply(204)
        self._world.require_write(call, None, delete=True)
        self._world.require_if_match(call, connection)
        self.require_free(call, connection.properties)
        connection.last_operation = _DELETE
        connection.state = ProvisioningState.DELETING

        def finish(operation: Operation) -> None:
            if operation.error is not None:
                connection.state = ProvisioningState.FAILED
                return
            self._world.store.remove(connection)
            self._world.tunnels.forget(connection)

        operation = self._world.operations.start(
            _DELETE,
            connection.id,
            connection.location,
            self._world.options.durations.delete,
            effects=call.effects,
            finish=finish,
            gateways=self.locked_gateways(connection.properties),
        )
        operation.outcome = Outcome(204)
        return Reply(202, None, self._world.operation_headers(call, operation, location=True))

    def begin(self, call: Call, connection: Connection, name: str, seconds: float, *, settle: float = 0.0) -> Operation:
        """Make a connection Updating for an operation and its gateways busy; it is Succeeded `settle` seconds after the end."""
        connection.state = ProvisioningState.UPDATING
        connection.etag = self._world.etag()
        connection.last_operation = name
        ended: list[Operation] = []

        def finish(operation: Operation) -> None:
            if operation.error is None:
                self.enforce(connection)
            if not settle:
                self._world.settle(connection, operation)
            else:
                ended.append(operation)

        def settled() -> None:
            for operation in ended:
                self._world.settle(connection, operation)

        return self._world.operations.start(
            name,
            connection.id,
            connection.location,
            seconds,
            effects=call.effects,
            finish=finish,
            gateways=self.locked_gateways(connection.properties),
            settle=settle,
            settled=settled,
        )

    def enforce(self, connection: Connection) -> None:
        """Put what the connection holds in force at its gateway."""
        gateways = [g for g in map(self._world.store.find, gateway_keys(connection.properties)) if g is not None]
        policy_based = any(gateway_rules.is_policy_based(g.properties) for g in gateways)
        live = live_config(connection, policy_based=policy_based)
        count = max(map(gateway_rules.instance_count, gateways), default=1)
        can_wait = self._world.options.lifetime_edit == "nextRekey"
        self._world.tunnels.begin(connection, live, count, lifetimes_can_wait=can_wait)

    def locked_gateways(self, properties: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys of the gateways that a write to such a connection keeps busy."""
        keys = gateway_keys(properties)
        return keys if self._world.options.pair_locks == "both" else keys[:1]

    def require_free(self, call: Call, properties: dict[str, Any]) -> None:
        """Refuse a write while one of its gateways, or the connection itself, is busy."""
        operations, store = self._world.operations, self._world.store
        own = reference(properties, "virtualNetworkGateway1")
        blocked = operations.blocker(self.locked_gateways(properties))
        if blocked is not None:
            gateway, operation = blocked
            used = store.find(gateway)
            if gateway != own or self._world.options.gateway_busy_answer == "RetryableError":
                raise referenced_not_ready(str(used.id) if used else gateway, call.scope, operation.name)
            url = self._world.operation_url(call.request, operation, call.api_version)
            raise another_operation(url)
        local = store.find(reference(properties, "localNetworkGateway2"))
        if local is not None and local.state is ProvisioningState.UPDATING:
            raise referenced_not_ready(str(local.id), call.scope, local.last_operation)

    def check_preset(self, sent: dict[str, Any]) -> None:
        """Refuse (ArmError) the properties of a connection that is to be there before the first request."""
        bodies.normalized(sent, normalize_aliases=False)

    def preset(
        self, id_: ResourceId, location: str, sent: dict[str, Any], tags: dict[str, str] | None, key: str
    ) -> None:
        """Put in a connection that was there before the first request: Succeeded, and in force."""
        world = self._world
        kept = bodies.normalized(self._with_protocol(sent, None), normalize_aliases=world.options.normalize_aliases)
        connection = Connection(id_, location, kept, tags, world.etag(), world.guids.next(), key=key)
        world.store.add(connection)
        self.enforce(connection)

    def _with_protocol(self, sent: dict[str, Any], existing: Connection | None) -> dict[str, Any]:
        if sent.get("connectionProtocol") is not None:
            return sent
        if existing is not None:
            return {**sent, "connectionProtocol": existing.properties["connectionProtocol"]}
        gateway = self._world.store.find(reference(sent, "virtualNetworkGateway1"))
        if gateway is not None and gateway_rules.is_policy_based(gateway.properties):
            return {**sent, "connectionProtocol": "IKEv1"}
        return sent

    def _check_ends(self, call: Call, properties: dict[str, Any], existing: Connection | None) -> None:
        if existing is not None:
            name = bodies.changed_immutable(existing.properties, properties)
            if name is not None:
                raise invented.IMMUTABLE.error(f"Property {name} of connection {call.name} cannot be changed.")
        keys = gateway_keys(properties)
        if properties["connectionType"] == "Vnet2Vnet" and len(keys) != 2:
            raise invented.GATEWAY_TWICE.error("A gateway cannot be connected with itself.")
        for key in keys:
            gateway = self._end(call, key)
            self._require_linked(call, gateway)
            gateway_rules.check_gateway(properties, gateway.properties)
        local = reference(properties, "localNetworkGateway2")
        if local:
            self._end(call, local)
        if existing is None and self._world.options.enforce_tunnel_limits:
            self._check_limit(keys[0])

    def _end(self, call: Call, key: str) -> Resource:
        found = self._world.store.find(key)
        if found is None:
            raise invented.REFERENCE_MISSING.error(f"Resource {key} referenced by resource {call.scope} was not found.")
        return found

    def _require_linked(self, call: Call, gateway: Resource) -> None:
        if self._world.options.linked_authorization:
            access.require_linked(
                call.principal,
                call.action("write"),
                call.scope,
                linked_action=f"Microsoft.Network/{GATEWAYS}/write",
                linked_scope=str(gateway.id),
            )

    def _check_limit(self, gateway_key: str) -> None:
        gateway = self._world.store.find(gateway_key)
        if gateway is None:
            return
        limit = gateway_rules.tunnel_limit(gateway.properties)
        if len(self._world.store.owned_by(gateway_key)) >= limit:
            sku = gateway_rules.sku_of(gateway.properties)
            raise invented.TUNNEL_LIMIT.error(f"A gateway of SKU {sku} takes at most {limit} connections.")

    def _create(
        self, call: Call, location: str, properties: dict[str, Any], tags: dict[str, str] | None, key: str | None
    ) -> Reply:
        world = self._world
        connection = Connection(call.id, location, properties, tags, world.etag(), world.guids.next())
        connection.key = key or world.guids.letters(32)
        world.store.add(connection)
        operation = self.begin(call, connection, _PUT, world.options.durations.create)
        shown = self._views.shown(connection, call.api_version, status=False)
        return json_reply(201, shown, world.operation_headers(call, operation))

    def _replace(
        self,
        call: Call,
        connection: Connection,
        properties: dict[str, Any],
        tags: dict[str, str] | None,
        key: str | None,
    ) -> Reply:
        world = self._world
        new_key = key if key is not None and world.options.put_changes_key else connection.key
        unchanged = (properties, tags or {}, new_key) == (connection.properties, connection.tags or {}, connection.key)
        if unchanged and connection.state is ProvisioningState.SUCCEEDED:
            operation = world.operations.done(_PUT, connection.id, connection.location)
            shown = self._views.shown(connection, call.api_version, status=False)
            return json_reply(200, shown, world.operation_headers(call, operation, retry=False))
        connection.properties, connection.tags, connection.key = properties, tags, new_key
        operation = self.begin(call, connection, _PUT, world.options.durations.update)
        shown = self._views.shown(connection, call.api_version, status=False)
        return json_reply(200, shown, world.operation_headers(call, operation))
