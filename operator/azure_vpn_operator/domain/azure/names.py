"""Azure's naming rules for everything that ends up in a URL, as patterns that RE2 and Python read alike.

Each pattern is anchored on both sides and lets no slash, percent sign, question mark, number sign or blank pass.
"""

import re
from string import ascii_uppercase

AZURE_NAME = "^[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?$"
"""Connections, gateways, local network gateways, IP configurations and NAT rules."""
RESOURCE_GROUP_NAME = "^[A-Za-z0-9._()-]{0,89}[A-Za-z0-9_()-]$"
"""Resource groups. Azure takes letters of other scripts too; here they are kept to ASCII."""
SUBSCRIPTION_ID = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
"""A subscription is named by a UUID."""
OBJECT_NAME = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
"""Kubernetes objects: a DNS subdomain; the length is limited elsewhere."""
SECRET_KEY = "^[A-Za-z0-9._-]+$"  # noqa: S105 (a pattern)
"""Entries of a Secret; the length is limited elsewhere."""

CONNECTIONS = "connections"
VIRTUAL_NETWORK_GATEWAYS = "virtualNetworkGateways"
LOCAL_NETWORK_GATEWAYS = "localNetworkGateways"
VIRTUAL_NETWORKS = "virtualNetworks"


def id_pattern(*types: str) -> str:
    """Return the pattern of ids of a Microsoft.Network type, given with the types it is nested in.

    It fits ids in lower case only: matching without regard to case lets signs outside ASCII pass for letters.
    """
    group = f"{_lower(SUBSCRIPTION_ID)}/resourcegroups/{_lower(RESOURCE_GROUP_NAME)}"
    names = "".join(f"/{kind.lower()}/{_lower(AZURE_NAME)}" for kind in types)
    return f"^/subscriptions/{group}/providers/microsoft[.]network{names}$"


def matches(pattern: str, text: str) -> bool:
    """Tell whether an anchored pattern matches all of the text; unlike `re.match` a final line break does not pass."""
    return re.fullmatch(pattern, text) is not None


def lower_ascii(text: str) -> str:
    """Lower ASCII letters and leave all others, as CEL's lowerAscii does."""
    return text.translate(_LOWER)


_LOWER = {ord(letter): letter.lower() for letter in ascii_uppercase}


def _lower(pattern: str) -> str:
    return pattern.removeprefix("^").removesuffix("$").replace("A-Z", "").replace("A-F", "")
