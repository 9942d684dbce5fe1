"""What is told about each request to Azure, for metrics and for the budget of requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from azure_vpn_operator.domain.azure.faults import Fault

_QUOTAS: Final = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
LOG_QUERIES: Final = "logQueries"
"""The kind of resource under which queries of Log Analytics are told. They count for no quota of the resource manager."""
_PREFIX: Final = "x-ms-ratelimit-remaining-"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it. Holds no address, no body and no identifier of a single resource."""

    subscription: str
    """In lower case."""
    resource: str
    """`connections`, `sharedKey`, `resetconnection`, `virtualNetworkGateways`, `localNetworkGateways`, `operations`, …, or `logQueries`."""
    method: str
    response_code: int | str
    """The HTTP status, or the fault's code if there was no answer."""
    seconds: float
    remaining: Mapping[str, int] = field(default_factory=dict)
    """What Azure says is left of each quota, by name such as `subscription-reads`."""
    fault: Fault | None = None
    """Why the call failed, if it did."""

    @property
    def quota(self) -> str:
        """The kind of quota that the request counts for: `reads`, `writes`, `deletes`, or `logs` for a query of Log Analytics."""
        if self.resource == LOG_QUERIES:
            return "logs"
        return _QUOTAS.get(self.method, "writes")

    @property
    def principal_remaining(self) -> int | None:
        """What is left for this principal in this subscription, if Azure said so."""
        return self.remaining.get(f"subscription-{self.quota}")


class ArmObserver(Protocol):
    """Told of every request; must not block and must not raise."""

    def seen(self, exchange: Exchange) -> None:
        """Take note of one finished request."""
        ...


def remaining_quotas(headers: Mapping[str, str]) -> dict[str, int]:
    """The quotas named in the headers (names in lower case); a value that is not a whole number is left out."""
    return {
        name.removeprefix(_PREFIX): int(value)
        for name, value in headers.items()
        if name.startswith(_PREFIX) and value.isascii() and value.isdigit()
    }
