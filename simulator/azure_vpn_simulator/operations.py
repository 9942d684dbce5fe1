"""Long-running operations: their life on the timeline, how they are polled, and the locks that they hold on gateways."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from azure_vpn_simulator.errors import ProviderError
from azure_vpn_simulator.request_ids import RequestIds
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.resources import Guids
from azure_vpn_simulator.timeline import Timeline

IN_PROGRESS, SUCCEEDED, FAILED = "InProgress", "Succeeded", "Failed"


@dataclass(frozen=True, slots=True)
class Effects:
    """What faults do to a request that is processed; made from the rules of the control API."""

    stuck: bool = False
    fail: tuple[str, str] | None = None
    wrong_type_shared_key: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the operationResults of a finished operation answer."""

    status: int = 200
    body: Any = None


@dataclass(slots=True, eq=False)
class Operation:
    """One operation.

    `signature` is the secret part of an opaque address, which a client has to repeat as it got it; `started_by` are the ids of
    the request that began it.
    """

    id: str
    name: str
    resource: ResourceId
    location: str
    status: str = IN_PROGRESS
    error: dict[str, Any] | None = None
    outcome: Outcome = Outcome()
    properties: dict[str, Any] | None = None
    polls: int = 0
    signature: str = field(default="", repr=False)
    started_by: RequestIds | None = None

    def path(self, kind: str = "operations") -> str:
        """Return the path of `operations` or `operationResults`."""
        return (
            f"/subscriptions/{self.resource.subscription}/providers/Microsoft.Network/locations/{self.location}"
            f"/{kind}/{self.id}"
        )

    def body(self) -> dict[str, Any]:
        """Return what a poll answers."""
        body: dict[str, Any] = {"status": self.status}
        if self.status == SUCCEEDED and self.properties is not None:
            body["properties"] = self.properties
        if self.error is not None:
            body["error"] = self.error
        return body


Finish = Callable[[Operation], None]


class Operations:
    """Every operation since the start, and which gateway each running one occupies."""

    def __init__(self, timeline: Timeline, guids: Guids) -> None:
        self._timeline = timeline
        self._guids = guids
        self._all: dict[str, Operation] = {}
        self._stuck: dict[str, Callable[[], None]] = {}
        self._busy: dict[str, Operation] = {}

    def get(self, id_: str) -> Operation | None:
        """Find an operation by its id."""
        return self._all.get(id_.lower())

    def start(
        self,
        name: str,
        resource: ResourceId,
        location: str,
        seconds: float,
        *,
        effects: Effects,
        finish: Finish,
        gateways: tuple[str, ...] = (),
        settle: float = 0.0,
        settled: Callable[[], None] | None = None,
    ) -> Operation:
        """Begin an operation that ends after `seconds`; `finish` then runs once, with the status set.

        The named gateways are busy until `settle` seconds after the end; `settled` runs at that time.
        """
        operation = Operation(self._guids.next(), name, resource, location)
        operation.signature = hashlib.sha256(operation.id.encode()).hexdigest()
        self._all[operation.id] = operation
        for gateway in gateways:
            self._busy[gateway] = operation
        end = partial(self._end, operation, effects, finish, gateways, settle, settled)
        if effects.stuck:
            self._stuck[operation.id] = end
        else:
            self._timeline.after(seconds, end)
        return operation

    def done(self, name: str, resource: ResourceId, location: str) -> Operation:
        """Record an operation that was over at once."""
        operation = Operation(self._guids.next(), name, resource, location, status=SUCCEEDED)
        operation.signature = hashlib.sha256(operation.id.encode()).hexdigest()
        self._all[operation.id] = operation
        return operation

    def blocker(self, gateways: tuple[str, ...]) -> tuple[str, Operation] | None:
        """Return the first of the gateways that is busy, with the operation that occupies it."""
        for gateway in gateways:
            if gateway in self._busy:
                return gateway, self._busy[gateway]
        return None

    def release_stuck(self) -> None:
        """Let every stuck operation end now."""
        stuck, self._stuck = self._stuck, {}
        for end in stuck.values():
            self._timeline.after(0, end)

    def _end(
        self,
        operation: Operation,
        effects: Effects,
        finish: Finish,
        gateways: tuple[str, ...],
        settle: float,
        settled: Callable[[], None] | None,
    ) -> None:
        if effects.fail is not None:
            operation.status = FAILED
            operation.error = {"code": effects.fail[0], "message": effects.fail[1], "details": []}
        else:
            operation.status = SUCCEEDED
        finish(operation)
        self._timeline.after(settle, partial(self._settle, operation, gateways, settled))

    def _settle(self, operation: Operation, gateways: tuple[str, ...], settled: Callable[[], None] | None) -> None:
        for gateway in gateways:
            if self._busy.get(gateway) is operation:
                del self._busy[gateway]
        if settled is not None:
            settled()


def another_operation(url: str) -> ProviderError:
    """Return the refusal of a write while another one runs, naming that one's address."""
    return ProviderError(
        409,
        "AnotherOperationInProgress",
        f"Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: {url}.",
    )


def referenced_not_ready(used: str, user: str, operation_name: str) -> ProviderError:
    """Return the refusal of a write that refers to a resource which is not in a settled state."""
    return ProviderError(
        429,
        "RetryableError",
        "A retryable error occured.",
        details=[
            {
                "code": "ReferencedResourceNotProvisioned",
                "message": f"Cannot proceed with operation because resource {used} used by resource {user} is not in Succeeded "
                "state. Resource is in Updating state and the last operation that updated/is updating the resource is "
                f"{operation_name}.",
            }
        ],
    )
