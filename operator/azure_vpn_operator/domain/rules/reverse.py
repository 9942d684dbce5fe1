"""What must hold for the other half of an owned pair: it is another connection, and stays the same one while it is owned.

Its absent resource group and subscription are the connection's own. `spec.reverse` as a whole may come and go: that takes a half over
or lets go of it, and changes nothing in Azure.
"""

from typing import Any, Final

from azure_vpn_operator.domain.azure.names import lower_ascii
from azure_vpn_operator.domain.rules.identity import (
    cel_azure_name,
    cel_keeps_subscription,
    cel_resource_group,
    cel_subscription,
    keeps_subscription,
    read_azure_name,
    read_resource_group,
    read_subscription,
)
from azure_vpn_operator.domain.rules.rule import Rule, Transition

_ROLE: Final = "Reverse"


def _has_peer(spec: Any) -> bool:
    return "reverse" not in spec or "peerVirtualNetworkGateway" in spec


def _is_another_connection(document: Any) -> bool:
    if "reverse" not in document["spec"]:
        return True
    forward = read_azure_name(document), read_resource_group(document), read_subscription(document)
    return forward != (
        read_reverse_name(document),
        read_reverse_resource_group(document),
        read_reverse_subscription(document),
    )


def _has_one_that_calls(spec: Any) -> bool:
    mode = spec.get("connectionMode")
    return "reverse" not in spec or not mode == spec["reverse"].get("connectionMode", mode) == "ResponderOnly"


def read_reverse_name(document: Any) -> str:
    """Return the other half's name in Azure, in lower case; the spec must have one."""
    return lower_ascii(document["spec"]["reverse"]["azureName"])


def read_reverse_resource_group(document: Any) -> str:
    """Return its effective resource group in lower case, empty if nothing names it."""
    return lower_ascii(document["spec"]["reverse"].get("resourceGroup", read_resource_group(document)))


def read_reverse_subscription(document: Any) -> str:
    """Return its subscription in lower case, empty if the operator's setting decides."""
    return lower_ascii(document["spec"]["reverse"].get("subscriptionId", read_subscription(document)))


def _keeps_reverse(new: Any, old: Any) -> bool:
    return "reverse" in new["spec"] and "reverse" in old["spec"]


def _cel_name(root: str) -> str:
    return f"{root}.spec.reverse.azureName.lowerAscii()"


def _cel_resource_group(root: str) -> str:
    own = f"{root}.spec.reverse.resourceGroup"
    return f"(has({own}) ? {own}.lowerAscii() : {cel_resource_group(root)})"


def _cel_subscription(root: str) -> str:
    own = f"{root}.spec.reverse.subscriptionId"
    return f"(has({own}) ? {own}.lowerAscii() : {cel_subscription(root)})"


_COMES_OR_GOES: Final = "!has(oldSelf.spec.reverse) || !has(self.spec.reverse)"

REVERSE_RULES: Final = (
    Rule(
        id="reverse-needs-peer",
        at=("spec",),
        field="reverse",
        message="`reverse` must not be set without `peerVirtualNetworkGateway`: only a VNet-to-VNet connection has another half",
        cel="!has(self.reverse) || has(self.peerVirtualNetworkGateway)",
        holds=_has_peer,
    ),
    Rule(
        id="reverse-is-another-connection",
        at=("",),
        field="spec.reverse.azureName",
        message="`spec.reverse` must be another connection than `spec` itself: name, resource group and subscription must not all "
        "be the same (absent in `reverse`, group and subscription are the connection's)",
        cel=f"!has(self.spec.reverse) || {_cel_name('self')} != {cel_azure_name('self')} || "
        f"{_cel_resource_group('self')} != {cel_resource_group('self')} || "
        f"{_cel_subscription('self')} != {cel_subscription('self')}",
        holds=_is_another_connection,
    ),
    Rule(
        id="reverse-both-responders",
        at=("spec",),
        field="reverse.connectionMode",
        message="`connectionMode` must not be ResponderOnly on both halves (absent in `reverse`, it is the connection's): nobody "
        "would start the tunnel",
        cel="!has(self.reverse) || !has(self.connectionMode) || self.connectionMode != 'ResponderOnly' || "
        "(has(self.reverse.connectionMode) && self.reverse.connectionMode != 'ResponderOnly')",
        holds=_has_one_that_calls,
    ),
)

REVERSE_IDENTITY_RULES: Final = (
    Transition(
        id="reverse-name-stays",
        field="spec.reverse.azureName",
        message="`spec.reverse.azureName` must stay the same while `spec.reverse` does: remove `spec.reverse` before naming another "
        "connection",
        cel=f"{_COMES_OR_GOES} || {_cel_name('self')} == {_cel_name('oldSelf')}",
        holds=lambda new, old: not _keeps_reverse(new, old) or read_reverse_name(new) == read_reverse_name(old),
    ),
    Transition(
        id="reverse-resource-group-stays",
        field="spec.reverse.resourceGroup",
        message="`spec.reverse.resourceGroup` must stay the same (absent, it is the connection's) while `spec.reverse` does: remove "
        "`spec.reverse` before naming another connection",
        cel=f"{_COMES_OR_GOES} || {_cel_resource_group('oldSelf')} == '' || "
        f"{_cel_resource_group('self')} == {_cel_resource_group('oldSelf')}",
        holds=lambda new, old: (
            not _keeps_reverse(new, old) or read_reverse_resource_group(old) in {"", read_reverse_resource_group(new)}
        ),
    ),
    Transition(
        id="reverse-subscription-stays",
        field="spec.reverse.subscriptionId",
        message="`spec.reverse.subscriptionId` must stay the same (absent, it is the connection's), and once the half is known must "
        "be its subscription: remove `spec.reverse` before naming another connection",
        cel=f"{_COMES_OR_GOES} || {cel_keeps_subscription(_cel_subscription('oldSelf'), _cel_subscription('self'), _ROLE)}",
        holds=lambda new, old: (
            not _keeps_reverse(new, old)
            or keeps_subscription(read_reverse_subscription(old), read_reverse_subscription(new), old, _ROLE)
        ),
    ),
)
