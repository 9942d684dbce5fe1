"""The question for the newest lines of a gateway, in the Kusto Query Language."""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.gateway_log import IKE_LOG, TUNNEL_LOG

LINES: Final = 25
"""So many lines of each log at most. A tunnel that is down is tried every few seconds: they are those of the newest minutes."""
_COLUMNS: Final = (
    ("Line", "Message"),
    ("Peer", "remoteIP_s"),
    ("Reason", "stateChangeReason_s"),
    ("Instance", "instance_s"),
)
CATEGORIES: Final = (TUNNEL_LOG, IKE_LOG)


def usable_addresses(addresses: Sequence[str]) -> tuple[str, ...]:
    """The IPv4 addresses among these texts, in their usual form."""
    found = []
    for address in addresses:
        try:
            found.append(str(IPv4Address(address.strip())))
        except AddressValueError:
            continue
    return tuple(dict.fromkeys(found))


def newest_lines(gateway: ArmId, addresses: Sequence[str], since: datetime) -> str:
    """The query; the addresses are at least one, and come from `usable_addresses`.

    Columns that only some rows have are asked for in a way that is no error where no row has had them yet.
    """
    peers = ", ".join(map(_quoted, addresses))
    return "\n".join(
        (
            "AzureDiagnostics",
            f"| where TimeGenerated > datetime({since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ})",
            f"| where Category in ({', '.join(map(_quoted, CATEGORIES))}) and _ResourceId =~ {_quoted(str(gateway))}",
            "| extend " + ", ".join(f'{name} = column_ifexists("{column}", "")' for name, column in _COLUMNS),
            f"| where Peer in ({peers}) or has_any_ipv4(Line, {peers})",
            f"| partition by Category (top {LINES} by TimeGenerated desc)",
            "| project TimeGenerated, Category, OperationName, Line, Reason, Instance",
        )
    )


def _quoted(text: str) -> str:
    """A text as a literal; raises `ValueError` for signs that no id and no address has."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("not a text for a query")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
