"""Azure Resource Manager as a function from request to reply: routing, quotas, rights, and the headers on every answer."""

import re
from collections.abc import Callable

from azure_vpn_simulator import access
from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.catalog import Catalog
from azure_vpn_simulator.clock import Clock, real_seconds
from azure_vpn_simulator.connection_actions import ConnectionActions
from azure_vpn_simulator.connections import Connections
from azure_vpn_simulator.errors import ArmError, ProviderError
from azure_vpn_simulator.gateway_actions import GatewayActions
from azure_vpn_simulator.gateways import TYPES, Gateways
from azure_vpn_simulator.installation import Installation
from azure_vpn_simulator.logs.service import LogService
from azure_vpn_simulator.logs.settings import WorkspaceId
from azure_vpn_simulator.operations import SUCCEEDED, Effects
from azure_vpn_simulator.quotas import Quotas
from azure_vpn_simulator.request_ids import RequestIds
from azure_vpn_simulator.resource_ids import NETWORK, ResourceId
from azure_vpn_simulator.resources import CONNECTIONS, GATEWAYS, LOCAL_GATEWAYS, NETWORKS
from azure_vpn_simulator.topology import Principal, Subscription, Topology
from azure_vpn_simulator.tunnels.events import TunnelEvents
from azure_vpn_simulator.tunnels.judging import Judge
from azure_vpn_simulator.wire import Call, Reply, Request, json_reply
from azure_vpn_simulator.world import World

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_COMMON = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[Call], Reply]


class Azure:
    """The whole control plane for authenticated requests. Every method runs what is due on the timeline first."""

    def __init__(self, topology: Topology, clock: Clock, judge: Judge) -> None:
        self.world = World(topology, clock, judge)
        self._catalog = Catalog(self.world)
        self._connections = Connections(self.world)
        self._gateways = Gateways(self.world)
        self._actions = ConnectionActions(self.world, self._connections)
        self._gateway_actions = GatewayActions(self.world, self._gateways)
        self.installation = Installation(self.world, self._connections)
        self.events = TunnelEvents(self.world)
        self.logs = LogService(self.world)
        self._quotas = Quotas()
        self._routes = self._table()

    def handle(self, request: Request, principal: Principal, effects: Effects) -> Reply:
        """Answer a request; refusals are replies too."""
        self.world.timeline.advance()
        ids, counters = RequestIds.draw(self.world.guids), dict[str, str]()
        try:
            self._quotas.take(self.world.options.throttling, self.world.timeline, request, principal, counters)
            reply = self._route(request, principal, effects, ids)
        except ArmError as refusal:
            return self.refused(request, refusal, ids, counters)
        return self._completed(request, reply, ids, counters)

    def refused(
        self, request: Request, refusal: ArmError, ids: RequestIds | None = None, counters: dict[str, str] | None = None
    ) -> Reply:
        """Turn a refusal into its answer.

        What Resource Manager refuses by itself does not tell what is left of a quota, unless nothing is left.
        """
        silent = "x-ms-failure-cause" in refusal.headers and refusal.status != 429
        told = {} if silent else counters or {}
        return self._completed(request, error_reply(refusal), ids or RequestIds.draw(self.world.guids), told)

    def _completed(self, request: Request, reply: Reply, ids: RequestIds, counters: dict[str, str]) -> Reply:
        version = request.query.get("api-version", "")
        headers = {**_COMMON, **(ids.of_provider(version) if reply.by_provider else ids.of_resource_manager())}
        now = self.world.clock.wall()
        headers["x-ms-routing-request-id"] = f"SIMULATED:{now:%Y%m%dT%H%M%SZ}:{ids.correlation}"
        client = request.headers.get("x-ms-client-request-id")
        if client is not None:
            headers["x-ms-client-request-id"] = client
        reply.headers = {**headers, **counters, **reply.headers}
        return reply

    def _table(self) -> dict[tuple[str, str, str], tuple[str, Handler]]:
        connections, gateways, actions = self._connections, self._gateways, self._actions
        rows: dict[tuple[str, str, str], tuple[str, Handler]] = {
            (CONNECTIONS, "", "LIST"): ("read", connections.list_group),
            (CONNECTIONS, "", "GET"): ("read", connections.get),
            (CONNECTIONS, "", "PUT"): ("write", connections.put),
            (CONNECTIONS, "", "PATCH"): ("write", connections.patch),
            (CONNECTIONS, "", "DELETE"): ("delete", connections.delete),
            (CONNECTIONS, "sharedkey", "GET"): ("read", actions.get_key),
            (CONNECTIONS, "sharedkey", "PUT"): ("sharedKey/write", actions.set_key),
            (CONNECTIONS, "sharedkey/reset", "POST"): ("sharedKey/reset/action", actions.reset_key),
            (CONNECTIONS, "resetconnection", "POST"): ("resetconnection/action", actions.reset),
            (CONNECTIONS, "getikesas", "POST"): ("getikesas/action", actions.ike_sas),
            (GATEWAYS, "", "PUT"): ("write", gateways.put_gateway),
            (GATEWAYS, "connections", "GET"): ("connections/read", connections.list_of_gateway),
            (GATEWAYS, "getbgppeerstatus", "POST"): ("getbgppeerstatus/action", self._gateway_actions.bgp_peers),
            (GATEWAYS, "reset", "POST"): ("reset/action", self._gateway_actions.reset),
            (LOCAL_GATEWAYS, "", "PUT"): ("write", gateways.put_local),
            (LOCAL_GATEWAYS, "", "DELETE"): ("delete", gateways.delete_local),
        }
        for type_ in (GATEWAYS, LOCAL_GATEWAYS, NETWORKS):
            rows[type_, "", "LIST"] = ("read", gateways.list_group)
            rows[type_, "", "GET"] = ("read", gateways.get)
        for type_ in (GATEWAYS, LOCAL_GATEWAYS):
            rows[type_, "", "PATCH"] = ("write", gateways.patch)
        return rows

    def _route(self, request: Request, principal: Principal, effects: Effects, ids: RequestIds) -> Reply:
        parts = [p for p in request.path.split("/") if p]
        version = self._require_version(request)
        match [p.lower() for p in parts]:
            case ["tenants"] if request.method == "GET":
                return self._catalog.tenants()
            case ["subscriptions"] if request.method == "GET":
                return self._catalog.subscriptions(principal)
            case ["subscriptions", _, *rest]:
                subscription = self._catalog.subscription(parts[1])
                if rest[:1] == ["resourcegroups"] and len(rest) > 2:
                    return self._resource(request, principal, effects, ids, version, subscription, parts[2:])
                return self._subscription(request, principal, subscription, parts, rest)
            case _:
                raise _unknown(request)

    def _subscription(
        self, request: Request, principal: Principal, subscription: Subscription, parts: list[str], rest: list[str]
    ) -> Reply:
        scope = f"/subscriptions/{subscription.id}"
        read = request.method == "GET"
        match rest:
            case [] if read:
                access.require(principal, "Microsoft.Resources/subscriptions/read", scope)
                return self._catalog.one_subscription(subscription.id)
            case ["locations"] if read:
                access.require(principal, "Microsoft.Resources/subscriptions/locations/read", scope)
                return self._catalog.locations(subscription)
            case ["resourcegroups"] if read:
                access.require(principal, "Microsoft.Resources/subscriptions/resourceGroups/read", scope)
                return self._catalog.groups(subscription)
            case ["resourcegroups", _] if request.method in {"GET", "HEAD"}:
                group = f"{scope}/resourceGroups/{parts[3]}"
                access.require(principal, "Microsoft.Resources/subscriptions/resourceGroups/read", group)
                return self._catalog.one_group(subscription, parts[3], request.method)
            case ["providers"] if read:
                access.require(principal, "Microsoft.Resources/subscriptions/providers/read", scope)
                return self._catalog.providers(subscription)
            case ["providers", _] if read:
                access.require(principal, "Microsoft.Resources/subscriptions/providers/read", scope)
                return self._catalog.provider(subscription, parts[3])
            case ["providers", _, "register"] if request.method == "POST":
                access.require(principal, f"{parts[3]}/register/action", scope)
                return self._catalog.provider(subscription, parts[3])
            case ["providers", "microsoft.network", "locations", region, "operations" | "operationresults", id_] if (
                read
            ):
                reply = self._operation(request, principal, scope, region, rest[4], id_)
                reply.by_provider = True
                return reply
        raise _unknown(request)

    def _operation(self, request: Request, principal: Principal, scope: str, region: str, kind: str, id_: str) -> Reply:
        word = "operations" if kind == "operations" else "operationResults"
        access.require(principal, f"{NETWORK}/locations/{word}/read", scope)
        found = self.world.operations.get(id_)
        signed = found is not None and request.query.get("s") == found.signature
        if found is None or found.location != region or (self.world.options.opaque_operation_urls and not signed):
            raise ProviderError(404, "NotFound", f"Operation {id_} not found.")
        version = request.query["api-version"]
        headers: dict[str, str] = {}
        steps = self.world.options.retry_after_seconds
        if found.status != SUCCEEDED and found.error is None:
            headers["Retry-After"] = str(real_seconds(self.world.clock, steps[min(found.polls, len(steps) - 1)]))
            found.polls += 1
        if word == "operations":
            return json_reply(200, found.body(), headers)
        headers["Location"] = self.world.operation_url(request, found, version, "operationResults")
        headers["Azure-AsyncOperation"] = self.world.operation_url(request, found, version)
        headers["Azure-AsyncNotification"] = "Enabled"
        if found.started_by is not None:
            headers |= found.started_by.of_operation(found.id, version)
        if found.status != SUCCEEDED and found.error is None:
            return json_reply(202, None, headers)
        if found.error is not None:
            return json_reply(400, {"error": found.error}, headers)
        if found.outcome.status == 204:
            return Reply(204, None, headers)
        return json_reply(found.outcome.status, found.outcome.body, headers)

    def _resource(
        self,
        request: Request,
        principal: Principal,
        effects: Effects,
        ids: RequestIds,
        version: str,
        subscription: Subscription,
        rest: list[str],
    ) -> Reply:
        if (monitoring := self._monitoring(request, principal, subscription, rest)) is not None:
            return monitoring
        if len(rest) < 5 or [part.lower() for part in rest[2:4]] != ["providers", NETWORK.lower()]:
            raise _unknown(request)
        group_name, type_, names = rest[1], rest[4], rest[5:]
        known = next((t for t in TYPES if t.lower() == type_.lower()), None)
        if known is None:
            raise _unknown(request)
        self._require_supported(version, known)
        name, below = (names[0], "/".join(names[1:]).lower()) if names else ("", "")
        method = "LIST" if not names and request.method == "GET" else request.method
        row = self._routes.get((known, below, method)) if names or method == "LIST" else None
        if row is None:
            raise invented.METHOD_UNKNOWN.error(
                f"{request.method} is not supported for {known}{'/' + below if below else ''}."
            )
        action, handler = row
        scope = f"/subscriptions/{subscription.id}/resourceGroups/{group_name}"
        if names:
            scope += f"/providers/{NETWORK}/{known}/{name}"
        access.require(principal, f"{NETWORK}/{known}/{action}", scope)
        group = self._catalog.group(subscription, group_name)
        reply = handler(Call(request, principal, effects, ids, version, subscription.id, group.name, known, name))
        reply.by_provider = True
        return reply

    def _monitoring(
        self, request: Request, principal: Principal, subscription: Subscription, rest: list[str]
    ) -> Reply | None:
        """Answer for diagnostic settings of a gateway, or for a Log Analytics workspace; None if the request is about neither."""
        match [part.lower() for part in rest[2:]]:
            case [
                "providers",
                "microsoft.network",
                "virtualnetworkgateways",
                _,
                "providers",
                provider,
                kind,
                *name,
            ] if provider == "microsoft.insights" and kind == "diagnosticsettings" and len(name) < 2:
                gateway = ResourceId(subscription.id, rest[1], GATEWAYS, rest[5])
                return self.logs.settings(request, principal, gateway, rest[9] if name else "")
            case ["providers", "microsoft.operationalinsights", "workspaces", _] if request.method == "GET":
                return self.logs.workspace(principal, WorkspaceId(subscription.id, rest[1], rest[5]))
            case _:
                return None

    def _require_version(self, request: Request) -> str:
        version = request.query.get("api-version", "")
        if not version:
            raise ArmError(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        if not _VERSION.fullmatch(version):
            raise ArmError(
                400,
                "InvalidApiVersionParameter",
                f"The api-version '{version[:40]}' is invalid. The supported versions have the form 2021-08-01.",
            )
        return version

    def _require_supported(self, version: str, type_: str) -> None:
        offered = self.world.options.api_versions
        if not offered.oldest <= version[:10] <= offered.newest:
            raise ArmError(
                400,
                "NoRegisteredProviderFound",
                f"No registered resource provider found for API version '{version}' for type '{type_}'. The supported "
                f"api-versions are those from '{offered.oldest}' to '{offered.newest}'.",
            )


def error_reply(refusal: ArmError) -> Reply:
    """Turn a refusal into its reply."""
    by_provider = isinstance(refusal, ProviderError)
    return Reply(refusal.status, refusal.body(), dict(refusal.headers), by_provider=by_provider)


def _unknown(request: Request) -> ArmError:
    return invented.PATH_UNKNOWN.error(
        f"The resource type could not be found for {request.method} {request.path[:300]}."
    )
