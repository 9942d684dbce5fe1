"""A request and a reply without any web framework, and one ARM call while it is being answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azure_vpn_simulator.errors import bad_content
from azure_vpn_simulator.operations import Effects
from azure_vpn_simulator.request_ids import RequestIds
from azure_vpn_simulator.resource_ids import NETWORK, ResourceId
from azure_vpn_simulator.topology import Principal

MAX_BODY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. `path` is decoded, header names are lower case, `base_url` is the address the client used."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    base_url: str

    def json_object(self) -> dict[str, Any]:
        """Read the body; ArmError unless it is a JSON object."""
        try:
            document = json.loads(self.body or b"null")
        except (ValueError, RecursionError):
            raise bad_content("the body is not JSON") from None
        if not isinstance(document, dict):
            raise bad_content("the body is not a JSON object")
        return document


@dataclass(slots=True)
class Reply:
    """An HTTP answer; `body` None means no content at all, `by_provider` that it is not Resource Manager's own."""

    status: int
    body: bytes | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    by_provider: bool = False


def json_reply(status: int, document: object, headers: dict[str, str] | None = None) -> Reply:
    """Return a reply with compact JSON."""
    return Reply(status, json.dumps(document, separators=(",", ":")).encode(), headers or {})


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request to a resource type of Microsoft.Network in a resource group that exists.

    `name` is empty for a list. `group` has the case in which the group was created, `subscription` likewise.
    """

    request: Request
    principal: Principal
    effects: Effects
    ids: RequestIds
    api_version: str
    subscription: str
    group: str
    type: str
    name: str

    @property
    def id(self) -> ResourceId:
        """The id of the resource that the request is about."""
        return ResourceId(self.subscription, self.group, self.type, self.name)

    @property
    def scope(self) -> str:
        """The id as text; for a list, that of the group."""
        return str(self.id) if self.name else self.id.scope

    def action(self, verb: str) -> str:
        """Return the name of the RBAC action."""
        return f"{NETWORK}/{self.type}/{verb}"
