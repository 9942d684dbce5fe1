"""What the operator may do in Azure: the actions of its custom role as data, rendered to role definitions and a reference page.

The end-to-end tests give the operator exactly these actions in the simulated Azure, which refuses what a role lacks, and compare them
with the actions that it used.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

ROLE_PATH: Final = "manifests/azure/custom-role.json"
OBSERVE_ROLE_PATH: Final = "manifests/azure/custom-role-observe.json"
PAGE_PATH: Final = "docs/reference/azure-rights.md"
_NETWORK: Final = "Microsoft.Network"
_INSIGHTS: Final = "Microsoft.Insights"
_LOGS: Final = "Microsoft.OperationalInsights"
_ANY_SUBSCRIPTION: Final = "/subscriptions/00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class AzureRight:
    """One action of the role."""

    action: str
    """Without the provider."""
    why: str
    without: str
    """What happens if the role lacks it."""
    observe: bool = False
    """Whether an operator that only watches needs it too."""
    provider: str = _NETWORK

    @property
    def full_name(self) -> str:
        """The action as a role definition names it."""
        return f"{self.provider}/{self.action}"

    @property
    def shown(self) -> str:
        """The action as the page names it."""
        return self.action if self.provider == _NETWORK else self.full_name


_WITHOUT_LOGS: Final = "`Connected` does not quote the gateway's log; nothing else suffers"

RIGHTS: Final = (
    AzureRight(
        "connections/read",
        "see connections and their tunnels",
        "nothing works: `Ready` has the reason `AzureForbidden`",
        observe=True,
    ),
    AzureRight("connections/write", "create and change connections, and their tags", "nothing can be changed"),
    AzureRight("connections/delete", "delete them with their objects", "an object that is deleted stays until it may"),
    AzureRight(
        "connections/sharedKey/action",
        "compare the key in Azure with the Secret",
        "it is not compared; the reason is `KeyUnverified`",
    ),
    AzureRight("connections/sharedKey/write", "set a changed key", "a changed key is not set"),
    AzureRight(
        "connections/resetconnection/action",
        "optional: reset a connection when somebody asks for it by `azvpn.dev/reset`",
        "such a request is refused (`ResetRefused`); nothing else suffers",
    ),
    AzureRight(
        "connections/getikesas/action",
        "optional: the ages of IKE SAs, as proof that a tunnel came back after a change",
        "a tunnel for which Azure shows no times has only counters as proof, or none: its undo stays armed until the time of the "
        "change is over, and on a site that sends nothing it is `Ready` only then",
    ),
    AzureRight(
        "virtualNetworkGateways/read",
        "see type, SKU and addresses of gateways",
        "what a gateway cannot do is only known when Azure refuses it",
        observe=True,
    ),
    AzureRight(
        "virtualNetworkGateways/write",
        "Azure checks it on the gateways of a connection that is written. The operator never writes a gateway",
        "Azure may refuse to write a connection with `LinkedAuthorizationFailed`",
    ),
    AzureRight(
        "virtualNetworkGateways/connections/read",
        "what runs on a gateway when the operator starts, and halves of pairs that are somebody else's",
        "the first is only known by Azure's refusals, and the second is not compared: `PartnerUnreadable`",
        observe=True,
    ),
    AzureRight(
        "virtualNetworkGateways/getBgpPeerStatus/action",
        "optional: the BGP sessions of connections with `enableBgp`",
        "`BgpEstablished` stays `Unknown` with the reason `BgpForbidden`; nothing else suffers",
        observe=True,
    ),
    AzureRight(
        "localNetworkGateways/read",
        "see the addresses of sites",
        "what does not fit to the site is only known when Azure refuses it",
        observe=True,
    ),
    AzureRight(
        "virtualNetworks/read",
        "optional: with policy-based traffic selectors and none named in the spec, the address spaces that they follow from",
        "`status.trafficSelectors` cannot say which ones the device must have; nothing else suffers",
        observe=True,
    ),
    AzureRight(
        "locations/operations/read",
        "see how an operation ended. It is a right on the subscription",
        "the reason of a failed change stays unknown",
    ),
    AzureRight(
        "locations/operationResults/read",
        "the answers about IKE SAs and BGP sessions. It is a right on the subscription",
        "both stay unknown",
        observe=True,
    ),
    AzureRight(
        "diagnosticSettings/read",
        "optional: find the workspace that has a gateway's logs, where the settings name none",
        _WITHOUT_LOGS,
        observe=True,
        provider=_INSIGHTS,
    ),
    AzureRight(
        "workspaces/read",
        "optional, on the workspace: the id by which it is asked",
        _WITHOUT_LOGS,
        observe=True,
        provider=_LOGS,
    ),
    AzureRight(
        "workspaces/query/read",
        "optional, on the workspace: ask it why a tunnel is down",
        _WITHOUT_LOGS,
        observe=True,
        provider=_LOGS,
    ),
    AzureRight(
        "workspaces/query/AzureDiagnostics/read",
        "optional, on the workspace: the one table that is asked for",
        _WITHOUT_LOGS,
        observe=True,
        provider=_LOGS,
    ),
)
"""The actions in the order of the role definition."""


def render_azure_role() -> dict[str, str]:
    """Return both role definitions and the reference page, path to text."""
    return {ROLE_PATH: _role(observe=False), OBSERVE_ROLE_PATH: _role(observe=True), PAGE_PATH: _page()}


def _role(*, observe: bool) -> str:
    document: dict[str, Any] = {
        "Name": "Azure VPN Operator Observer" if observe else "Azure VPN Operator",
        "IsCustom": True,
        "Description": "See VPN gateway connections" if observe else "Manage VPN gateway connections",
        "Actions": [right.full_name for right in RIGHTS if right.observe or not observe],
        "AssignableScopes": [_ANY_SUBSCRIPTION],
    }
    return json.dumps(document, indent=2) + "\n"


def _page() -> str:
    rows = "".join(
        f"| `{right.shown}` | {'yes' if right.observe else ''} | {right.why} | {right.without} |\n" for right in RIGHTS
    )
    return _PAGE.format(role=ROLE_PATH, observe=OBSERVE_ROLE_PATH, rows=rows)


_PAGE: Final = """\
<!-- Generated from operator/azure_vpn_operator/render/azure_role.py by `make generate`; do not edit. -->
# Rights in Azure

The operator's custom role is [`{role}`](../../{role}), and for an installation that only watches
(`AZVPN_MAX_MANAGEMENT_POLICY=Observe`) [`{observe}`](../../{observe}).
Assign it on the resource groups of connections, gateways and local network gateways; the two rights on operations are of the
subscription, so assign the role there, or a second role with only them. Rights take some minutes to work after the assignment.

Tests run the operator in the simulated Azure with this role and no other right, and compare it with the rights that were used.

Actions without a provider begin with `Microsoft.Network/`.

| action | to watch | what for | without it |
|---|---|---|---|
{rows}
## Logs of gateways

The last four are for [the gateways' logs](../guides/gateway-logs.md), and may be left out of the role. A workspace is often in a group of
its own: there the built-in role Log Analytics Reader gives the last three, on the workspace alone. The first of the four is needed where
the gateways are, and not at all if the setting `logAnalyticsWorkspaceId` names the workspace.

What is missing is not tried again for an hour, and is said once in the operator's log. No condition changes because of it.
"""
