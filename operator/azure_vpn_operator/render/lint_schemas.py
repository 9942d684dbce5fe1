"""The structural schemas for `kubectl azvpn lint`: made once, so that it need not load the models each time that it starts."""

import json
from typing import Any, Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicySpec, IpsecPolicyStatus
from azure_vpn_operator.api.schema import structural_schema
from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus

PATH: Final = "operator/azure_vpn_operator/azvpn/lint/schemas.json"
_KINDS: Final = {
    IpsecPolicy.KIND: (IpsecPolicySpec, IpsecPolicyStatus),
    VpnConnection.KIND: (VpnConnectionSpec, VpnConnectionStatus),
}


def render_lint_schemas() -> dict[str, str]:
    """Return the file: kind, then `spec` and `status`, without descriptions."""
    schemas = {
        kind: {"spec": _strip(structural_schema(spec)), "status": _strip(structural_schema(status))}
        for kind, (spec, status) in _KINDS.items()
    }
    return {PATH: json.dumps(schemas, indent=1) + "\n"}


def _strip(schema: Any) -> Any:
    """The schema without what only people read. A field may be called `description`: properties are taken by name."""
    stripped = {key: value for key, value in schema.items() if key != "description"}
    if "properties" in stripped:
        stripped["properties"] = {name: _strip(inner) for name, inner in stripped["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in stripped:
            stripped[key] = _strip(stripped[key])
    return stripped
