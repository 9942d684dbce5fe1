"""Error codes, and lines of gateways' logs, that no recording of Azure shows.

Azure's documents say *that* these requests are refused, not with which code. Everything that the simulator answers with a code
of this table may look different in Azure: a client must not depend on it. The README holds the same table; a test compares them.
"""

from typing import NamedTuple

from azure_vpn_simulator.errors import ArmError, ProviderError


class InventedCode(NamedTuple):
    """One refusal: what is known to be refused, the HTTP status and code made up for it, and which layer refuses."""

    status: int
    code: str
    when: str
    by_provider: bool = True

    def error(self, message: str) -> ArmError:
        """Return the refusal with a message for the client."""
        if self.by_provider:
            return ProviderError(self.status, self.code, message)
        return ArmError(self.status, self.code, message, headers={"x-ms-failure-cause": "gateway"})


TOO_MANY_POLICIES = InventedCode(400, "VpnConnectionTooManyIpsecPolicies", "more than one element in ipsecPolicies")
PARTIAL_POLICY = InventedCode(
    400, "VpnConnectionIpsecPolicyIncomplete", "an IPsec policy without all of its eight values"
)
BAD_ENUM = InventedCode(400, "VpnConnectionInvalidValue", "a property value outside its enumeration or range")
GCM_MISMATCH = InventedCode(
    400, "VpnConnectionGcmMismatch", "IPsec GCM encryption without the same GCM integrity, or the reverse"
)
POLICY_ON_BASIC = InventedCode(400, "VpnGatewayBasicSkuIpsecPolicy", "a custom policy on a gateway of SKU Basic")
POLICY_ON_POLICY_BASED = InventedCode(
    400, "VpnGatewayPolicyBasedIpsecPolicy", "a custom policy on a PolicyBased gateway"
)
VNET_ON_POLICY_BASED = InventedCode(
    400, "VpnGatewayPolicyBasedVnet2Vnet", "a Vnet2Vnet connection with a PolicyBased gateway"
)
PROTOCOL_REFUSED = InventedCode(
    400, "VpnGatewayProtocolNotSupported", "IKEv1 on a gateway that only does IKEv2, or IKEv2 on a PolicyBased gateway"
)
SELECTORS_WITH_IKEV1 = InventedCode(
    400, "VpnConnectionSelectorsNeedIKEv2", "policy-based traffic selectors together with IKEv1"
)
IMMUTABLE = InventedCode(400, "VpnConnectionPropertyImmutable", "a PUT that changes a property fixed at creation")
BAD_KEY = InventedCode(
    400, "VpnConnectionInvalidSharedKey", "a shared key that is too long or has a character outside the alphabet"
)
TUNNEL_LIMIT = InventedCode(400, "VpnGatewayConnectionLimitReached", "more connections than the gateway's SKU carries")
GATEWAY_TWICE = InventedCode(400, "VpnConnectionSameGateway", "a Vnet2Vnet connection of a gateway with itself")
BAD_NAME = InventedCode(400, "InvalidResourceName", "a name that breaks the naming rules")
BAD_REFERENCE = InventedCode(
    400, "InvalidRequestFormat", "a reference that is not the id of a resource of the right type"
)
REFERENCE_MISSING = InventedCode(400, "InvalidResourceReference", "a body that names a resource which does not exist")
IN_USE = InventedCode(
    400, "InUseLocalNetworkGatewayCannotBeDeleted", "deleting a local network gateway that a connection uses"
)
QUOTA = InventedCode(
    429,
    "SubscriptionRequestsThrottled",
    "the principal's token bucket for the subscription is empty",
    by_provider=False,
)
PROVIDER_QUOTA = InventedCode(
    429, "TooManyRequests", "the resource provider's own five-minute limit is used up (off by default)"
)
NO_SUBSCRIPTION = InventedCode(
    404, "SubscriptionNotFound", "a subscription that the topology does not have", by_provider=False
)
LOCATION_MISSING = InventedCode(400, "LocationRequired", "creating a resource without a location", by_provider=False)
LOCATION_CHANGED = InventedCode(
    409, "InvalidResourceLocation", "a PUT that moves an existing resource to another region", by_provider=False
)
PATH_UNKNOWN = InventedCode(
    404, "InvalidResourceType", "a path or a resource type that the simulator does not play", by_provider=False
)
METHOD_UNKNOWN = InventedCode(
    405, "UnsupportedResourceOperation", "a method that the resource type does not have", by_provider=False
)
BODY_TOO_LARGE = InventedCode(413, "RequestContentTooLarge", "a request body above 4 MiB", by_provider=False)
KEY_UNREADABLE = InventedCode(
    500, "InternalServerError", "reading a key without the right (one of the two switchable answers)"
)
NO_WORKSPACE = InventedCode(
    404,
    "WorkspaceNotFoundError",
    "a query of a Log Analytics workspace that the topology does not have",
    by_provider=False,
)
OPERATION_FAULT = InventedCode(200, "OperationFailed", "inside a failed operation, when the fault names no code")


class InventedLine(NamedTuple):
    """A part of a line in IKEDiagnosticLog: the words made up for it, and which message they stand for."""

    text: str
    when: str


INIT_SENT = InventedLine("[SEND] IKE_SA_INIT request", "IKEv2: Azure begins")
INIT_REFUSED = InventedLine("[RECEIVED] IKE_SA_INIT response with notify NO_PROPOSAL_CHOSEN", "a field of phase 1")
VERSION_REFUSED = InventedLine(
    "[RECEIVED] notify INVALID_MAJOR_VERSION", "the other side does not speak this IKE version"
)
AUTH_SENT = InventedLine("[SEND] IKE_AUTH request", "IKEv2: phase 1 is agreed")
AUTH_REFUSED = InventedLine("[RECEIVED] IKE_AUTH response with notify AUTHENTICATION_FAILED", "another key")
CHILD_REFUSED = InventedLine("[RECEIVED] IKE_AUTH response with notify NO_PROPOSAL_CHOSEN", "a field of phase 2")
SELECTORS_REFUSED = InventedLine("[RECEIVED] IKE_AUTH response with notify TS_UNACCEPTABLE", "traffic selectors")
REKEY_SENT = InventedLine("[SEND] CREATE_CHILD_SA request", "IKEv2: a rekey of phase 2")
REKEY_REFUSED = InventedLine(
    "[RECEIVED] CREATE_CHILD_SA response with notify NO_PROPOSAL_CHOSEN", "PFS on one side only, at a rekey"
)
GROUP_REFUSED = InventedLine(
    "[RECEIVED] CREATE_CHILD_SA response with notify INVALID_KE_PAYLOAD", "another PFS group, at a rekey"
)
MAIN_SENT = InventedLine("[SEND] Main Mode SA", "IKEv1: Azure begins")
MAIN_REFUSED = InventedLine("[RECEIVED] Main Mode notify NO-PROPOSAL-CHOSEN", "IKEv1: a field of phase 1")
KEY_REFUSED = InventedLine("[RECEIVED] Main Mode notify AUTHENTICATION-FAILED", "IKEv1: another key")
QUICK_SENT = InventedLine("[SEND] Quick Mode SA", "IKEv1: phase 1 is agreed")
QUICK_REFUSED = InventedLine("[RECEIVED] Quick Mode notify NO-PROPOSAL-CHOSEN", "IKEv1: phase 2 or PFS")
IDS_REFUSED = InventedLine("[RECEIVED] Quick Mode notify INVALID-ID-INFORMATION", "IKEv1: traffic selectors")
WENT_DOWN = InventedLine("The tunnel went down", "a tunnel that went down, in stateChangeReason_s of its row")

INVENTED_LINES: tuple[InventedLine, ...] = tuple(
    row for row in list(globals().values()) if isinstance(row, InventedLine)
)
"""Every line above, in order. What stands behind them in the log (ErrorCode and ErrorMessage) is Azure's own."""

INVENTED_CODES: tuple[InventedCode, ...] = tuple(
    row for row in list(globals().values()) if isinstance(row, InventedCode)
)
"""Every row above, in order."""
