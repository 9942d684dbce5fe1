"""Diagnostic settings: which of its logs a gateway sends where, and since when."""

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from azure_vpn_simulator.errors import bad_content
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.timeline import Timeline
from azure_vpn_simulator.topology import DiagnosticSetting, Topology

CATEGORIES = (
    "GatewayDiagnosticLog",
    "TunnelDiagnosticLog",
    "RouteDiagnosticLog",
    "IKEDiagnosticLog",
    "P2SDiagnosticLog",
)
"""The logs that a virtual network gateway has."""
_WORKSPACE = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.OperationalInsights/workspaces/([^/]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WorkspaceId:
    """A workspace's place in Resource Manager."""

    subscription: str
    group: str
    name: str

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Read an id; None if it is not one of a workspace."""
        found = _WORKSPACE.fullmatch(text) if isinstance(text, str) else None
        return cls(*found.groups()) if found else None

    @property
    def text(self) -> str:
        """The id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.OperationalInsights/workspaces/{self.name}"
        )

    @property
    def key(self) -> str:
        """The same for every spelling."""
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class Setting:
    """A diagnostic setting in force; what happened before `since` (simulated seconds) is not sent."""

    name: str
    workspace: WorkspaceId
    categories: frozenset[str]
    since: float


class DiagnosticSettings:
    """The settings of all gateways."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._of: dict[str, dict[str, Setting]] = {}
        self._told: dict[str, list[DiagnosticSetting]] = {}

    def of(self, gateway: ResourceId) -> list[Setting]:
        """Return a gateway's settings."""
        return list(self._of.get(gateway.key, {}).values())

    def gateways(self) -> Iterable[str]:
        """Return the keys of the gateways that have any."""
        return [key for key, settings in self._of.items() if settings]

    def of_key(self, gateway_key: str) -> list[Setting]:
        """Return a gateway's settings by the key of its id."""
        return list(self._of.get(gateway_key, {}).values())

    def of_topology(self, gateway: ResourceId, rows: Sequence[DiagnosticSetting]) -> None:
        """Take what the topology says of a gateway, if it says something else than before."""
        if self._told.get(gateway.key, []) == list(rows):
            return
        self._told[gateway.key] = list(rows)
        self._of[gateway.key] = {}
        for row in rows:
            workspace = WorkspaceId.parse(row.workspace) or WorkspaceId(
                gateway.subscription, gateway.group, row.workspace
            )
            self._put(gateway, Setting(row.name, workspace, frozenset(row.categories), self._timeline.now))

    def put(self, gateway: ResourceId, name: str, body: dict[str, Any]) -> Setting:
        """Take what a client writes; ArmError unless it is a setting that sends logs to a workspace."""
        properties = body.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        workspace = WorkspaceId.parse(properties.get("workspaceId"))
        if workspace is None:
            raise bad_content("only settings with a workspaceId are played")
        logs = properties.get("logs")
        rows = [row for row in logs if isinstance(row, dict) and row.get("enabled")] if isinstance(logs, list) else []
        categories = frozenset(str(row["category"]) for row in rows if row.get("category") in CATEGORIES)
        if any(row.get("categoryGroup") == "allLogs" for row in rows):
            categories = frozenset(CATEGORIES)
        setting = Setting(name, workspace, categories, self._timeline.now)
        self._put(gateway, setting)
        return setting

    def delete(self, gateway: ResourceId, name: str) -> bool:
        """Drop a setting; false if there was none."""
        return self._of.get(gateway.key, {}).pop(name.lower(), None) is not None

    def _put(self, gateway: ResourceId, setting: Setting) -> None:
        self._of.setdefault(gateway.key, {})[setting.name.lower()] = setting


def shown(gateway: ResourceId, setting: Setting) -> dict[str, Any]:
    """Return a setting as Resource Manager shows it."""
    return {
        "id": f"{gateway}/providers/microsoft.insights/diagnosticSettings/{setting.name}",
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": setting.name,
        "location": None,
        "kind": None,
        "tags": None,
        "properties": {
            "storageAccountId": None,
            "serviceBusRuleId": None,
            "workspaceId": setting.workspace.text,
            "eventHubAuthorizationRuleId": None,
            "eventHubName": None,
            "metrics": [],
            "logs": [
                {
                    "category": category,
                    "categoryGroup": None,
                    "enabled": category in setting.categories,
                    "retentionPolicy": {"enabled": False, "days": 0},
                }
                for category in CATEGORIES
            ],
            "logAnalyticsDestinationType": None,
        },
        "identity": None,
    }


@dataclass(frozen=True, slots=True)
class PlacedWorkspace:
    """A workspace of the topology and where it is; `customer_id` is what queries call it."""

    id: WorkspaceId
    customer_id: str
    location: str


def workspaces(topology: Topology) -> Iterable[PlacedWorkspace]:
    """Return all workspaces of a topology."""
    for subscription in topology.subscriptions:
        for group in subscription.resource_groups:
            for row in group.workspaces:
                id_ = WorkspaceId(subscription.id, group.name, row.name)
                made = str(uuid.uuid5(uuid.NAMESPACE_URL, id_.key))
                yield PlacedWorkspace(id_, (row.customer_id or made).lower(), row.location or group.location)
