"""What the kinds are called on the wire. Loads nothing: who only needs the names need not wait for the models."""

from typing import Final

GROUP: Final = "azvpn.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
IPSEC_POLICY: Final = "IpsecPolicy"
VPN_CONNECTION: Final = "VpnConnection"
