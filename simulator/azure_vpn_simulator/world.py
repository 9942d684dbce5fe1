"""Everything that the simulated Azure consists of, tied together for the services that answer requests."""

import bisect
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from azure_vpn_simulator import access
from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.clock import Clock, real_seconds
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.logs.settings import DiagnosticSettings
from azure_vpn_simulator.operations import Finish, Operation, Operations, Outcome, another_operation
from azure_vpn_simulator.options import Options
from azure_vpn_simulator.resource_ids import NETWORK, normal_location
from azure_vpn_simulator.resources import Guids, ProvisioningState, Resource, Store
from azure_vpn_simulator.spans import Draws
from azure_vpn_simulator.timeline import Timeline
from azure_vpn_simulator.topology import Topology
from azure_vpn_simulator.tunnels.driver import Tunnels
from azure_vpn_simulator.tunnels.history import History
from azure_vpn_simulator.tunnels.judging import Judge
from azure_vpn_simulator.tunnels.reports import StatusReports
from azure_vpn_simulator.wire import Call, Reply, Request, json_reply

_Row = TypeVar("_Row", bound=Resource)
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")


class World:
    """The state of the simulation, and what all services need from it."""

    def __init__(self, topology: Topology, clock: Clock, judge: Judge) -> None:
        self.topology = topology
        self.clock = clock
        self.guids = Guids()
        self.timeline = Timeline(clock)
        self.store = Store()
        self.operations = Operations(self.timeline, self.guids)
        self.draws = Draws(topology.options.seed)
        self.history = History(clock)
        self.tunnels = Tunnels(self.timeline, self.store, self.draws, self.history, judge)
        self.reports = StatusReports(self.draws)
        self.diagnostics = DiagnosticSettings(self.timeline)

    @property
    def options(self) -> Options:
        """The switches in force."""
        return self.topology.options

    def etag(self) -> str:
        """Return a new weak etag."""
        return f'W/"{self.guids.next()}"'

    def require_write(self, call: Call, tags: dict[str, str] | None, *, delete: bool = False) -> None:
        """Refuse what a management lock or, for writes, Azure Policy forbids."""
        if not delete:
            access.require_compliant(self.topology.policies, call.scope, f"{NETWORK}/{call.type}", call.name, tags)
        access.require_unlocked(self.topology.locks, call.scope, delete=delete)

    def require_gateway_free(self, call: Call) -> None:
        """Refuse a write to a gateway while an operation occupies it."""
        blocked = self.operations.blocker((call.id.key,))
        if blocked is not None:
            raise another_operation(self.operation_url(call.request, blocked[1], call.api_version))

    def require_action(self, call: Call) -> None:
        """Refuse an action that a management lock forbids; Azure Policy does not look at actions."""
        access.require_unlocked(self.topology.locks, call.scope, delete=False)

    def modified_tags(self, call: Call, tags: dict[str, str] | None) -> dict[str, str] | None:
        """Return the tags as Azure Policy leaves them."""
        return access.modified_tags(self.topology.policies, call.scope, f"{NETWORK}/{call.type}", tags)

    def require_name(self, call: Call) -> None:
        """Refuse a name that breaks the rules for network resources."""
        if _NAME.fullmatch(call.name) is None:
            raise invented.BAD_NAME.error(f"Resource name {call.name[:100]} is invalid.")

    def require_location(self, body: dict[str, Any], existing: Resource | None) -> str:
        """Return the region of a written resource; refuse a missing one, and one that moves the resource."""
        location = body.get("location")
        if not isinstance(location, str) or not location.strip():
            if existing is not None:
                return existing.location
            raise invented.LOCATION_MISSING.error("The location property is required for this definition.")
        location = normal_location(location)
        if existing is not None and existing.location != location:
            raise invented.LOCATION_CHANGED.error(
                f"The resource '{existing.id.name}' already exists in location '{existing.location}' in resource group "
                f"'{existing.id.group}'. A resource with the same name cannot be created in location '{location}'."
            )
        return location

    def require_if_match(self, call: Call, existing: Resource | None) -> None:
        """Refuse a write whose If-Match does not fit, where the topology asks for that."""
        wanted = call.request.headers.get("if-match")
        if not self.options.enforce_if_match or wanted is None or (wanted == "*" and existing is not None):
            return
        if existing is None or wanted != existing.etag:
            raise ArmError(412, "PreconditionFailed", "The condition in the If-Match header is not satisfied.")

    def operation_url(self, request: Request, operation: Operation, api_version: str, kind: str = "operations") -> str:
        """Return the address under which a client finds an operation."""
        url = f"{request.base_url}{operation.path(kind)}?api-version={api_version}"
        if self.options.opaque_operation_urls:
            certificate = (operation.signature * 44)[:2700]
            url += f"&t=639000000000000000&c={certificate}&s={operation.signature}&h={operation.signature[:43]}"
        return url

    def operation_headers(
        self, call: Call, operation: Operation, *, location: bool = False, retry: bool = True
    ) -> dict[str, str]:
        """Return the headers of a reply that starts an operation, and note in it which request that was."""
        operation.started_by = call.ids
        headers = {
            "Azure-AsyncOperation": self.operation_url(call.request, operation, call.api_version),
            "Azure-AsyncNotification": "Enabled",
            "x-ms-request-id": operation.id,
            "x-ms-operation-identifier": f"tenantId={self.topology.tenant_id},objectId={call.principal.object_id}/"
            f"{operation.location}/{operation.id}",
        }
        if retry:
            headers["Retry-After"] = str(real_seconds(self.clock, self.options.retry_after_seconds[0]))
        if location:
            headers["Location"] = self.operation_url(call.request, operation, call.api_version, "operationResults")
        return headers

    def start_action(
        self, call: Call, name: str, resource: Resource, seconds: float, finish: Finish, gateways: tuple[str, ...] = ()
    ) -> Reply:
        """Begin a POST action: 202 with both addresses."""
        operation = self.operations.start(
            name, resource.id, resource.location, seconds, effects=call.effects, finish=finish, gateways=gateways
        )
        operation.properties = {}
        return json_reply(202, None, self.operation_headers(call, operation, location=True))

    def start_write(self, call: Call, name: str, resource: Resource, seconds: float) -> dict[str, str]:
        """Begin a plain write of a resource that is Updating until it ends, and return the reply's headers."""
        resource.state = ProvisioningState.UPDATING
        resource.etag = self.etag()
        resource.last_operation = name
        operation = self.operations.start(
            name,
            resource.id,
            resource.location,
            seconds,
            effects=call.effects,
            finish=lambda op: self.settle(resource, op),
        )
        return self.operation_headers(call, operation)

    def start_delete(self, call: Call, name: str, resource: Resource, seconds: float) -> Reply:
        """Begin deleting a resource that holds no lock on a gateway."""
        resource.state = ProvisioningState.DELETING

        def finish(operation: Operation) -> None:
            if operation.error is not None:
                resource.state = ProvisioningState.FAILED
            else:
                self.store.remove(resource)

        operation = self.operations.start(
            name, resource.id, resource.location, seconds, effects=call.effects, finish=finish
        )
        operation.outcome = Outcome(204)
        return Reply(202, None, self.operation_headers(call, operation, location=True))

    def settle(self, resource: Resource, operation: Operation) -> None:
        """Give a resource the state that its operation ended with."""
        resource.state = ProvisioningState.FAILED if operation.error else ProvisioningState.SUCCEEDED
        resource.etag = self.etag()

    def page(self, call: Call, rows: Sequence[_Row], show: Callable[[_Row], dict[str, Any]]) -> Reply:
        """Return one page of a list that is in the order of the store, each row as `show` writes it.

        `$skipToken` in `nextLink` names the last row that was shown, so that no row is missed or shown twice when others are
        made or deleted between two pages.
        """
        token = call.request.query.get("$skipToken", "0")
        last = int(token) if token.isascii() and token.isdigit() else 0
        start = bisect.bisect_right(rows, last, key=lambda row: row.number)
        shown = rows[start : start + self.options.page_size]
        document: dict[str, Any] = {"value": [show(row) for row in shown]}
        if start + len(shown) < len(rows):
            document["nextLink"] = (
                f"{call.request.base_url}{call.request.path}?api-version={call.api_version}&$skipToken={shown[-1].number}"
            )
        return json_reply(200, document)


def described(resource: Resource, properties: dict[str, Any], **extra: Any) -> dict[str, Any]:
    """Return a resource as ARM shows it; `extra` top-level keys come last."""
    document: dict[str, Any] = {
        "name": resource.id.name,
        "id": str(resource.id),
        "etag": resource.etag,
        "type": f"{NETWORK}/{resource.id.type}",
        "location": resource.location,
    }
    if resource.tags is not None:
        document["tags"] = resource.tags
    document["properties"] = {"provisioningState": str(resource.state), "resourceGuid": resource.guid, **properties}
    return {**document, **extra}
