"""Which workspace of Log Analytics has a gateway's log: the gateway's diagnostic setting says so, and is read once an hour."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from azure_vpn_operator.arm.kql import CATEGORIES
from azure_vpn_operator.arm.reading import get_one
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, Unreadable
from azure_vpn_operator.domain.azure.names import SUBSCRIPTION_ID, matches
from azure_vpn_operator.runtime.clock import Clock

KEEP_SECONDS: Final = 3600.0
KEEP_FAILED_SECONDS: Final = 300.0
"""After a failure that may pass."""
_SETTINGS: Final = ("providers", "Microsoft.Insights", "diagnosticSettings")
_SETTINGS_VERSION: Final = "2021-05-01-preview"
_WORKSPACE_VERSION: Final = "2022-10-01"
_PASSING: Final = frozenset({FaultKind.THROTTLED, FaultKind.UNAUTHENTICATED, FaultKind.UNAVAILABLE, FaultKind.BUSY})


class Workspaces:
    """The workspaces of gateways, as one identity sees them."""

    def __init__(self, session: ArmSession, clock: Clock) -> None:
        """Take the session, which stays the caller's to close."""
        self._session = session
        self._clock = clock
        self._known: dict[str, tuple[float, Read[str]]] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, gateway: ArmId) -> Read[str]:
        """The customer id of the workspace; Absent if no setting of the gateway names one."""
        async with self._reading[gateway.key]:
            until, known = self._known.get(gateway.key, (0.0, None))
            if known is not None and self._clock.monotonic() < until:
                return known
            found = await self._find(gateway)
            passing = isinstance(found, Unreadable) and found.fault.kind in _PASSING
            keep = KEEP_FAILED_SECONDS if passing else KEEP_SECONDS
            self._known[gateway.key] = (self._clock.monotonic() + keep, found)
            return found

    async def _find(self, gateway: ArmId) -> Read[str]:
        named = await get_one(
            self._session,
            self._session.address(gateway, *_SETTINGS, api_version=_SETTINGS_VERSION),
            subscription=gateway.subscription,
            resource="diagnosticSettings",
            read=_read_settings,
        )
        if not isinstance(named, Present):
            return named
        if named.value is None:
            return Absent()
        return await get_one(
            self._session,
            self._session.address(named.value, api_version=_WORKSPACE_VERSION),
            subscription=named.value.subscription,
            resource="workspaces",
            read=_read_workspace,
        )


def _read_settings(document: object) -> ArmId | None:
    """The workspace that gets the most of what is wanted."""
    rows = document.get("value") if isinstance(document, Mapping) else None
    if not isinstance(rows, list):
        raise UnreadableDocumentError("the answer is not a list")
    found = [(len(wanted), id_) for row in rows for wanted, id_ in _destination(row) if wanted]
    return max(found, key=lambda item: item[0])[1] if found else None


def _destination(row: object) -> Iterator[tuple[frozenset[str], ArmId]]:
    properties = row.get("properties") if isinstance(row, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(properties.get("workspaceId"), str):
        return
    logs = properties.get("logs")
    enabled: list[Mapping[str, Any]] = [
        log
        for log in (logs if isinstance(logs, list) else [])
        if isinstance(log, Mapping) and log.get("enabled") is True
    ]
    every = any(log.get("categoryGroup") == "allLogs" for log in enabled)
    wanted = frozenset(name for name in CATEGORIES if every or any(log.get("category") == name for log in enabled))
    try:
        yield wanted, ArmId.parse(properties["workspaceId"])
    except ValueError:
        raise UnreadableDocumentError("workspaceId is not a resource id") from None


def _read_workspace(document: object) -> str:
    properties = document.get("properties") if isinstance(document, Mapping) else None
    customer_id = properties.get("customerId") if isinstance(properties, Mapping) else None
    if not isinstance(customer_id, str) or not matches(SUBSCRIPTION_ID, customer_id):
        raise UnreadableDocumentError("customerId is not a UUID")
    return customer_id
