"""Which connection in Azure an object speaks about, and that an update does not make it another one.

What counts is the effective value: an absent azureName is the object's name, a gateway's absent resource group and
subscription are the connection's, the connection's absent ones are those of its gateway reference, and case means nothing.

The subscription may come from the operator's setting, which the object does not show. Then the recorded id of the
connection in `status.halves` decides; before there is one, naming the subscription is allowed. Taking a named
subscription away is refused, since the setting might name another. A gateway that is absent (under Observe) may be
set. An absent connectionProtocol is IKEv2, but under Observe any value may be set; an adopted IKEv1 connection is
therefore named as such under Observe, before Enforce.
"""

from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.domain.azure.names import lower_ascii
from azure_vpn_operator.domain.rules.rule import Transition

_SUBSCRIPTION, _RESOURCE_GROUP, _NAME = 2, 4, 8
"""Where in an ARM id, split at slashes, the parts are."""
_PADDING: Final = "/" * 8
"""Makes a split id long enough, so that a malformed one, which another rule refuses, has empty parts."""


@dataclass(frozen=True, slots=True)
class GatewayIdentity:
    """A gateway in comparable form: lower case, empty where the object does not say."""

    subscription: str
    resource_group: str
    name: str


def is_observe(spec: Any) -> bool:
    """Tell whether the spec itself says that the operator only reports."""
    return bool(spec.get("managementPolicy") == "Observe")


def read_azure_name(document: Any) -> str:
    """Return the effective name in Azure, in lower case."""
    return lower_ascii(document["spec"].get("azureName", document["metadata"]["name"]))


def read_resource_group(document: Any) -> str:
    """Return the connection's effective resource group in lower case, empty if nothing names it."""
    spec = document["spec"]
    return lower_ascii(
        spec.get("resourceGroup") or _part(spec.get("virtualNetworkGateway"), "resourceGroup", _RESOURCE_GROUP)
    )


def read_subscription(document: Any) -> str:
    """Return the connection's subscription in lower case, empty if the operator's setting decides."""
    spec = document["spec"]
    return lower_ascii(
        spec.get("subscriptionId") or _part(spec.get("virtualNetworkGateway"), "subscriptionId", _SUBSCRIPTION)
    )


def read_gateway(document: Any, field: str) -> GatewayIdentity | None:
    """Return the gateway that a field of the spec refers to, None if it is absent."""
    reference = document["spec"].get(field)
    if reference is None:
        return None
    return GatewayIdentity(
        subscription=lower_ascii(_part(reference, "subscriptionId", _SUBSCRIPTION))
        if reference.keys() & {"id", "subscriptionId"}
        else read_subscription(document),
        resource_group=lower_ascii(_part(reference, "resourceGroup", _RESOURCE_GROUP))
        if reference.keys() & {"id", "resourceGroup"}
        else read_resource_group(document),
        name=lower_ascii(_part(reference, "name", _NAME)),
    )


def _part(reference: Any, field: str, position: int) -> str:
    if reference is None:
        return ""
    if "id" in reference:
        return str((reference["id"] + _PADDING).split("/")[position])
    return str(reference.get(field, ""))


def cel_resource_group(root: str) -> str:
    """Return the CEL form of `read_resource_group` for `self` or `oldSelf`."""
    return _cel_own(root, "resourceGroup", _RESOURCE_GROUP)


def cel_subscription(root: str) -> str:
    """Return the CEL form of `read_subscription` for `self` or `oldSelf`."""
    return _cel_own(root, "subscriptionId", _SUBSCRIPTION)


def cel_azure_name(root: str) -> str:
    """Return the CEL form of `read_azure_name` for `self` or `oldSelf`."""
    return f"(has({root}.spec.azureName) ? {root}.spec.azureName : {root}.metadata.name).lowerAscii()"


def cel_gateway_name(root: str, field: str) -> str:
    """Return the CEL form of a present gateway's effective name."""
    return f"{_cel_part(f'{root}.spec.{field}', 'name', _NAME)}.lowerAscii()"


def cel_gateway_resource_group(root: str, field: str) -> str:
    """Return the CEL form of a present gateway's effective resource group."""
    return _cel_gateway(root, field, "resourceGroup", _RESOURCE_GROUP)


def cel_gateway_subscription(root: str, field: str) -> str:
    """Return the CEL form of a present gateway's subscription, empty if the operator's setting decides."""
    return _cel_gateway(root, field, "subscriptionId", _SUBSCRIPTION)


def _cel_part(reference: str, field: str, position: int, otherwise: str = "''") -> str:
    inside = f"({reference}.id + '{_PADDING}').split('/')[{position}]"
    return f"(has({reference}.id) ? {inside} : has({reference}.{field}) ? {reference}.{field} : {otherwise})"


def _cel_own(root: str, field: str, position: int) -> str:
    return f"{_cel_own_as_written(root, field, position)}.lowerAscii()"


def _cel_own_as_written(root: str, field: str, position: int) -> str:
    gateway = f"{root}.spec.virtualNetworkGateway"
    own = f"{root}.spec.{field}"
    return f"(has({own}) ? {own} : has({gateway}) ? {_cel_part(gateway, field, position)} : '')"


def _cel_gateway(root: str, field: str, part: str, position: int) -> str:
    own = _cel_own_as_written(root, part, position)
    return f"{_cel_part(f'{root}.spec.{field}', part, position, own)}.lowerAscii()"


def keeps_subscription(old: str, new: str, document: Any, role: str = "Forward") -> bool:
    """Tell whether an effective subscription stays, as far as the old object and its recorded ids can tell."""
    return new == old if old else not new or _agrees_with_status(document, new, role)


def cel_keeps_subscription(old: str, new: str, role: str = "Forward") -> str:
    """Return the CEL form of `keeps_subscription`, given those of the subscriptions, which are long: each is there only twice."""
    return f"({new} == {old} || ({old} == '' && ({_cel_agrees_with_status(new, role)})))"


def _agrees_with_status(document: Any, subscription: str, role: str) -> bool:
    halves = document.get("status", {}).get("halves", [])
    return all(
        lower_ascii(half["id"]).startswith(f"/subscriptions/{subscription}/")
        for half in halves
        if half["role"] == role and "id" in half
    )


def _cel_agrees_with_status(subscription: str, role: str) -> str:
    return (
        f"!has(oldSelf.status) || !has(oldSelf.status.halves) || oldSelf.status.halves.all(half, half.role != '{role}' || "
        f"!has(half.id) || half.id.lowerAscii().startsWith('/subscriptions/' + {subscription} + '/'))"
    )


def _keeps_protocol(new: Any, old: Any) -> bool:
    after, before = new["spec"].get("connectionProtocol"), old["spec"].get("connectionProtocol")
    status = old.get("status", {})
    made = [half for half in status.get("halves", []) if half["role"] == "Forward"]
    seen = next((half["connectionProtocol"] for half in made if "connectionProtocol" in half), None)
    if before is None and (is_observe(old["spec"]) or (status.get("observedGeneration", -1) > 0 and not made)):
        return True
    return (after or seen or "IKEv2") == (before or seen or "IKEv2")


def _gateway_transition(field: str, rule_id: str) -> Transition:
    def holds(new: Any, old: Any) -> bool:
        before, after = read_gateway(old, field), read_gateway(new, field)
        if before is None or after is None:
            return before is None
        return ((after.name, after.resource_group) == (before.name, before.resource_group)) and keeps_subscription(
            before.subscription, after.subscription, old
        )

    name = f"{cel_gateway_name('self', field)} == {cel_gateway_name('oldSelf', field)}"
    group = f"{cel_gateway_resource_group('self', field)} == {cel_gateway_resource_group('oldSelf', field)}"
    subscription = cel_keeps_subscription(
        cel_gateway_subscription("oldSelf", field), cel_gateway_subscription("self", field)
    )
    return Transition(
        id=rule_id,
        field=f"spec.{field}",
        message=f"`spec.{field}` must stay the same gateway: make a new VpnConnection for another one",
        cel=f"!has(oldSelf.spec.{field}) || (has(self.spec.{field}) && {name} && {group} && {subscription})",
        holds=holds,
    )


_FORWARD: Final = "half.role == 'Forward'"
_CEL_HALVES: Final = "has(oldSelf.status) && has(oldSelf.status.halves)"
_CEL_NEVER_MADE: Final = (
    "(has(oldSelf.status) && has(oldSelf.status.observedGeneration) && oldSelf.status.observedGeneration > 0 && "
    f"(!has(oldSelf.status.halves) || !oldSelf.status.halves.exists(half, {_FORWARD})))"
)
"""The operator has looked, and Azure has nothing yet: nothing has an IKE version that could change."""


def _cel_protocol_stays() -> str:
    """Return the CEL form of `_keeps_protocol`: what one of the two specs leaves out is what the status has seen in Azure."""
    new, old = "self.spec.connectionProtocol", "oldSelf.spec.connectionProtocol"
    observes = "has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe'"
    said = f"(has({new}) ? {new} : {old})"
    seen = f"{_FORWARD} && has(half.connectionProtocol)"
    return (
        f"has({new}) && has({old}) ? {new} == {old} : (!has({new}) && !has({old})) || "
        f"(!has({old}) && (({observes}) || {_CEL_NEVER_MADE})) || "
        f"({_CEL_HALVES} && oldSelf.status.halves.exists(half, {seen}) ? "
        f"oldSelf.status.halves.exists(half, {seen} && half.connectionProtocol == {said}) : {said} == 'IKEv2')"
    )


IDENTITY_RULES: Final = (
    Transition(
        id="azure-name-stays",
        field="spec.azureName",
        message="`spec.azureName` must stay the same (absent, it is the object's name): make a new VpnConnection for "
        "another connection",
        cel=f"{cel_azure_name('self')} == {cel_azure_name('oldSelf')}",
        holds=lambda new, old: read_azure_name(new) == read_azure_name(old),
    ),
    Transition(
        id="resource-group-stays",
        field="spec.resourceGroup",
        message="`spec.resourceGroup` must stay the same (absent, it is the gateway reference's): make a new VpnConnection "
        "for another connection",
        cel=f"{cel_resource_group('oldSelf')} == '' || {cel_resource_group('self')} == {cel_resource_group('oldSelf')}",
        holds=lambda new, old: read_resource_group(old) in {"", read_resource_group(new)},
    ),
    Transition(
        id="subscription-stays",
        field="spec.subscriptionId",
        message="`spec.subscriptionId` must stay the same, and once the connection is known must be its subscription: make a "
        "new VpnConnection for another connection",
        cel=cel_keeps_subscription(cel_subscription("oldSelf"), cel_subscription("self")),
        holds=lambda new, old: keeps_subscription(read_subscription(old), read_subscription(new), old),
    ),
    _gateway_transition("virtualNetworkGateway", "gateway-stays"),
    _gateway_transition("localNetworkGateway", "local-gateway-stays"),
    _gateway_transition("peerVirtualNetworkGateway", "peer-gateway-stays"),
    Transition(
        id="protocol-stays",
        field="spec.connectionProtocol",
        message="`spec.connectionProtocol` must stay the same (absent, it is what the connection has in Azure, and IKEv2 for a "
        "new one): delete the VpnConnection and make a new one",
        cel=_cel_protocol_stays(),
        holds=_keeps_protocol,
    ),
)
