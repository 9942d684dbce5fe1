"""The ids that an answer carries; they tell whether Resource Manager itself answered or the network provider did."""

from dataclasses import dataclass
from typing import Self

from azure_vpn_simulator.resources import Guids

_SERVICE_ID_SINCE = "2019-10"
"""The month of the provider's first api-version whose answers carry the provider's own id."""


@dataclass(frozen=True, slots=True)
class RequestIds:
    """The ids of one request."""

    request: str
    correlation: str
    service: str

    @classmethod
    def draw(cls, guids: Guids) -> Self:
        """Take new ids."""
        return cls(guids.next(), guids.next(), guids.next())

    def of_resource_manager(self) -> dict[str, str]:
        """Return the headers where Resource Manager itself answers: one id under both names."""
        return {"x-ms-request-id": self.correlation, "x-ms-correlation-request-id": self.correlation}

    def of_provider(self, api_version: str) -> dict[str, str]:
        """Return the headers where the network provider answers."""
        headers = {"x-ms-request-id": self.request, "x-ms-correlation-request-id": self.correlation}
        if api_version >= _SERVICE_ID_SINCE:
            headers["x-ms-arm-service-request-id"] = self.service
        return headers

    def of_operation(self, operation_id: str, api_version: str) -> dict[str, str]:
        """Return the headers of the result of an operation that these ids belong to: its start is told again."""
        return {**self.of_provider(api_version), "x-ms-request-id": operation_id}
