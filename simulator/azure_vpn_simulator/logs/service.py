"""Answers about diagnostic settings and workspaces in Resource Manager, and the queries of Log Analytics."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from azure_vpn_simulator import access
from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.logs import kql
from azure_vpn_simulator.logs.lines import IKE, TUNNEL, Ends, Row, rows
from azure_vpn_simulator.logs.settings import PlacedWorkspace, WorkspaceId, shown, workspaces
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.resources import Resource
from azure_vpn_simulator.topology import Principal
from azure_vpn_simulator.tunnels.ends import public_addresses
from azure_vpn_simulator.wire import Reply, Request, json_reply
from azure_vpn_simulator.world import World

TABLE = "AzureDiagnostics"
_COLUMNS = {
    "TenantId": "string",
    "TimeGenerated": "datetime",
    "ResourceId": "string",
    "Category": "string",
    "ResourceGroup": "string",
    "SubscriptionId": "string",
    "ResourceProvider": "string",
    "Resource": "string",
    "ResourceType": "string",
    "OperationName": "string",
    "Level": "string",
    "Message": "string",
    "instance_s": "string",
    "_ResourceId": "string",
}
_OF_TUNNELS = {"remoteIP_s": "string", "status_s": "string", "stateChangeReason_s": "string"}
"""Columns that a workspace has only once a row with them has come in."""
_QUERY = "Microsoft.OperationalInsights/workspaces/query"
_NO_RIGHT = "The provided credentials have insufficient access to perform the requested operation"


class LogService:
    """What a client reads of gateways' logs."""

    def __init__(self, world: World) -> None:
        self._world = world

    # -- Resource Manager

    def settings(self, request: Request, principal: Principal, gateway: ResourceId, name: str) -> Reply:
        """Answer for the diagnostic settings of a gateway, or for one of them."""
        known = self._world.diagnostics
        verb = {"GET": "read", "PUT": "write", "DELETE": "delete"}.get(request.method)
        if verb is None or (not name and verb != "read"):
            raise invented.METHOD_UNKNOWN.error(f"{request.method} is not supported for diagnosticSettings.")
        access.require(principal, f"Microsoft.Insights/diagnosticSettings/{verb}", str(gateway))
        if self._world.store.get(gateway) is None:
            raise _not_found(str(gateway))
        if not name:
            return json_reply(200, {"value": [shown(gateway, setting) for setting in known.of(gateway)]})
        if verb == "write":
            return json_reply(200, shown(gateway, known.put(gateway, name, request.json_object())))
        if verb == "delete":
            return Reply(200 if known.delete(gateway, name) else 204)
        found = next((s for s in known.of(gateway) if s.name.lower() == name.lower()), None)
        if found is None:
            raise _not_found(f"{gateway}/providers/Microsoft.Insights/diagnosticSettings/{name}")
        return json_reply(200, shown(gateway, found))

    def workspace(self, principal: Principal, id_: WorkspaceId) -> Reply:
        """Answer a GET of a workspace."""
        access.require(principal, "Microsoft.OperationalInsights/workspaces/read", id_.text)
        found = next((w for w in workspaces(self._world.topology) if w.id.key == id_.key), None)
        if found is None:
            raise _not_found(id_.text)
        properties = {"customerId": found.customer_id, "provisioningState": "Succeeded", "retentionInDays": 30}
        return json_reply(
            200,
            {
                "properties": {**properties, "sku": {"name": "PerGB2018"}},
                "location": found.location.replace(" ", "").lower(),
                "id": found.id.text,
                "name": found.id.name,
                "type": "Microsoft.OperationalInsights/workspaces",
            },
        )

    # -- Log Analytics

    def query(self, request: Request, principal: Principal, customer_id: str) -> Reply:
        """Answer POST /v1/workspaces/{id}/query; refusals are replies too, in the form that Log Analytics has."""
        self._world.timeline.advance()
        try:
            return self._answer(request, principal, customer_id)
        except ArmError as refusal:
            return self.refused(refusal.status, refusal.code, refusal.message)
        except kql.KqlError as refusal:
            kind = "SyntaxError" if refusal.code.startswith("SYN") else "SemanticError"
            inner = {"code": refusal.code, "message": str(refusal)}
            outer = {"code": kind, "message": f"A {kind} occurred in the query.", "innererror": inner}
            return self.refused(400, "BadArgumentError", "The request had some invalid properties", outer)

    def refused(self, status: int, code: str, message: str, inner: dict[str, Any] | None = None) -> Reply:
        """Return a refusal of Log Analytics."""
        error: dict[str, Any] = {"message": message, "code": code, "correlationId": self._world.guids.next()}
        return json_reply(status, {"error": error | ({"innererror": inner} if inner else {})})

    def _answer(self, request: Request, principal: Principal, customer_id: str) -> Reply:
        found = next((w for w in workspaces(self._world.topology) if w.customer_id == customer_id.lower()), None)
        if found is None:
            raise invented.NO_WORKSPACE.error(f"The workspace {customer_id[:40]} could not be found")
        for action in (f"{_QUERY}/read", f"{_QUERY}/{TABLE}/read"):
            if not access.allowed(principal, action, found.id.text):
                raise ArmError(403, "InsufficientAccessError", _NO_RIGHT)
        body = request.json_object()
        text = body.get("query")
        if not isinstance(text, str) or not text.strip():
            raise ArmError(400, "BadArgumentError", "The request had some invalid properties")
        seconds = self._world.timeline.now
        arrived = list(self._arrived(found, seconds))
        span = kql.read_timespan(body.get("timespan"), self._world.clock.utc(seconds))
        if span is not None:
            arrived = [row for row in arrived if span[0] <= row["TimeGenerated"] <= span[1]]
        columns = _COLUMNS | (_OF_TUNNELS if any(row["Category"] == TUNNEL for row in arrived) else {})
        answer = kql.run(text, {TABLE: (columns, arrived)}, self._world.clock.utc(seconds))
        names = [{"name": name, "type": type_} for name, type_ in zip(answer.columns, answer.types, strict=True)]
        return json_reply(200, {"tables": [{"name": "PrimaryResult", "columns": names, "rows": answer.rows}]})

    def _arrived(self, workspace: PlacedWorkspace, now: float) -> Iterator[dict[str, Any]]:
        for key in self._world.diagnostics.gateways():
            for setting in self._world.diagnostics.of_key(key):
                gateway = self._world.store.find(key)
                if gateway is None or setting.workspace.key != workspace.id.key:
                    continue
                for row in self._written(gateway, now):
                    sent = row.category in setting.categories and row.seconds >= setting.since
                    if sent and row.seconds + self._delay(key, row) <= now:
                        when = self._world.clock.utc(row.seconds)
                        yield _shown(gateway.id, row, when, workspace.customer_id)

    def _written(self, gateway: Resource, now: float) -> Iterator[Row]:
        """Return what the gateway has written; one that is PolicyBased writes neither log."""
        if gateway.properties.get("vpnType") != "RouteBased":
            return
        for connection in self._world.store.owned_by(gateway.id.key):
            for tunnel in self._world.tunnels.marks.tunnels_of(connection.id.key):
                ends = Ends(connection.id.key, tunnel, *public_addresses(self._world.store, connection, tunnel))
                yield from rows(self._world.tunnels.marks, ends, now)

    def _delay(self, gateway_key: str, row: Row) -> float:
        span = self._world.options.log_ingestion_seconds
        return self._world.draws.pick(span, "ingestion", gateway_key, int(row.seconds // 60))


def _shown(gateway: ResourceId, row: Row, when: datetime, tenant: str) -> dict[str, Any]:
    shown_row: dict[str, Any] = {
        "TenantId": tenant,
        "TimeGenerated": when,
        "ResourceId": str(gateway).upper(),
        "Category": row.category,
        "ResourceGroup": gateway.group.upper(),
        "SubscriptionId": gateway.subscription,
        "ResourceProvider": "MICROSOFT.NETWORK",
        "Resource": gateway.name.upper(),
        "ResourceType": "VIRTUALNETWORKGATEWAYS",
        "OperationName": row.operation,
        "Level": "Informational",
        "Message": row.message,
        "instance_s": f"GatewayTenantWorker_IN_{row.tunnel}",
        "_ResourceId": gateway.key,
    }
    if row.category != IKE:
        shown_row |= {"remoteIP_s": row.remote, "status_s": row.status, "stateChangeReason_s": row.reason}
    return shown_row


def _not_found(id_: str) -> ArmError:
    message = f"The Resource '{id_}' was not found."
    return ArmError(404, "ResourceNotFound", message, headers={"x-ms-failure-cause": "gateway"})
