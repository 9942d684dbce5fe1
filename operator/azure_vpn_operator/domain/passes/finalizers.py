"""The finalizers of both kinds."""

from typing import Final

CONNECTION_FINALIZER: Final = "azvpn.dev/connection"
"""On every VpnConnection that is enforced: the connection in Azure is dealt with before the object goes."""

POLICY_FINALIZER: Final = "azvpn.dev/policy"
"""On every IpsecPolicy that a VpnConnection names."""
