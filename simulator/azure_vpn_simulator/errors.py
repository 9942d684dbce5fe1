"""Refusals in the two shapes that Azure has: Resource Manager's own, and the network resource provider's."""

import json
from typing import Any

from typing_extensions import override


class ArmError(Exception):
    """A request that is answered with an error body; the message is for the client and never holds a key."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        additional_info: list[dict[str, Any]] | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers or {}
        self.additional_info = additional_info
        self.target = target

    def body(self) -> bytes:
        """Compact JSON, as Resource Manager itself writes errors."""
        return json.dumps({"error": self._error()}, separators=(",", ":")).encode()

    def _error(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details is not None:
            error["details"] = self.details
        if self.additional_info is not None:
            error["additionalInfo"] = self.additional_info
        return error


class ProviderError(ArmError):
    """A refusal by the network resource provider: pretty-printed with CRLF, and `details` is always there."""

    @override
    def body(self) -> bytes:
        """Return JSON in the provider's layout."""
        error = self._error()
        error.setdefault("details", [])
        return json.dumps({"error": error}, indent=2).replace("\n", "\r\n").encode()


def not_found(type_: str, name: str, group: str) -> ArmError:
    """Return ARM's answer for a resource that does not exist; `type_` comes without the provider's name."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.Network/{type_}/{name}' under resource group '{group}' was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
        headers={"x-ms-failure-cause": "gateway"},
    )


def group_not_found(group: str) -> ArmError:
    """Return ARM's answer for a resource group that does not exist."""
    return ArmError(
        404,
        "ResourceGroupNotFound",
        f"Resource group '{group}' could not be found.",
        headers={"x-ms-failure-cause": "gateway"},
    )


def bad_content(why: str) -> ArmError:
    """Return ARM's answer for a body that it cannot read."""
    return ArmError(
        400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{why}'."
    )
