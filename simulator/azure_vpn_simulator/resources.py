"""The resources of the simulated subscriptions, found by any spelling of their ids."""

import itertools
import math
import random
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.tunnels.state import LiveConfig, Tunnel

CONNECTIONS = "connections"
GATEWAYS = "virtualNetworkGateways"
LOCAL_GATEWAYS = "localNetworkGateways"
NETWORKS = "virtualNetworks"


class ProvisioningState(StrEnum):
    """How the last write to a resource went."""

    UPDATING = "Updating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    DELETING = "Deleting"


class Guids:
    """A stream of GUIDs that is the same in every run."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - names, not secrets

    def next(self) -> str:
        """Return the next GUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def integer(self, bits: int) -> int:
        """Return the next number of so many bits."""
        return self._random.getrandbits(bits)

    def letters(self, length: int) -> str:
        """Return letters and digits, as the service makes keys from."""
        return "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=length))


@dataclass(slots=True, eq=False)
class Resource:
    """What Azure holds of one resource; `properties` has what was written with the defaults filled in."""

    id: ResourceId
    location: str
    properties: dict[str, Any]
    tags: dict[str, str] | None
    etag: str
    guid: str
    state: ProvisioningState = ProvisioningState.SUCCEEDED
    last_operation: str = ""
    number: int = 0
    """The order in which resources came into the store; lists go by it."""


@dataclass(slots=True, eq=False)
class Connection(Resource):
    """A connection with its key, the settings that are in force, and its tunnels."""

    key: str = field(default="", repr=False)
    live: LiveConfig | None = None
    tunnels: list[Tunnel] = field(default_factory=list)
    deleted: bool = False
    reported: float = -math.inf
    """The latest simulated time of which somebody was shown the state."""


class Store:
    """Every resource, indexed by id, by group and type, and connections by the gateways at their ends."""

    def __init__(self) -> None:
        self._by_group: dict[tuple[str, str], dict[str, Resource]] = {}
        self._by_end: dict[str, dict[str, Connection]] = {}
        self._numbers = itertools.count(1)

    def get(self, id_: ResourceId) -> Resource | None:
        """Find a resource."""
        return self._by_group.get(_place(id_), {}).get(id_.name.lower())

    def connection(self, id_: ResourceId) -> Connection | None:
        """Find a connection."""
        found = self.get(id_)
        return found if isinstance(found, Connection) else None

    def find(self, key: str) -> Resource | None:
        """Find a resource by its id in any spelling."""
        id_ = ResourceId.parse(key)
        return self.get(id_) if id_ else None

    def add(self, resource: Resource) -> None:
        """Put a resource in, behind all others."""
        resource.number = next(self._numbers)
        self._by_group.setdefault(_place(resource.id), {})[resource.id.name.lower()] = resource
        if isinstance(resource, Connection):
            for end in _end_keys(resource.properties):
                self._by_end.setdefault(end, {})[resource.id.key] = resource

    def remove(self, resource: Resource) -> None:
        """Take a resource out."""
        self._by_group.get(_place(resource.id), {}).pop(resource.id.name.lower(), None)
        if isinstance(resource, Connection):
            resource.deleted = True
            for end in _end_keys(resource.properties):
                self._by_end.get(end, {}).pop(resource.id.key, None)

    def group(self, subscription: str, group: str, type_: str) -> list[Resource]:
        """List one type in one group, oldest first."""
        return list(self._by_group.get((f"{subscription}/{group}".lower(), type_.lower()), {}).values())

    def at_end(self, gateway_key: str) -> list[Connection]:
        """List the connections that name the gateway, virtual or local, at either end, oldest first."""
        return list(self._by_end.get(gateway_key, {}).values())

    def owned_by(self, gateway_key: str) -> list[Connection]:
        """List the connections whose own (first) gateway it is."""
        return [c for c in self.at_end(gateway_key) if reference(c.properties, "virtualNetworkGateway1") == gateway_key]


def reference(properties: dict[str, Any], name: str) -> str:
    """Return the key of the id that a property such as `virtualNetworkGateway1` refers to; empty if it does not."""
    value = properties.get(name)
    text = value.get("id") if isinstance(value, dict) else None
    return text.lower() if isinstance(text, str) else ""


def gateway_keys(properties: dict[str, Any]) -> tuple[str, ...]:
    """Return the keys of the virtual network gateways that a connection names, its own first."""
    keys = (reference(properties, "virtualNetworkGateway1"), reference(properties, "virtualNetworkGateway2"))
    return tuple(dict.fromkeys(k for k in keys if k))


def _end_keys(properties: dict[str, Any]) -> tuple[str, ...]:
    local = reference(properties, "localNetworkGateway2")
    return (*gateway_keys(properties), local) if local else gateway_keys(properties)


def _place(id_: ResourceId) -> tuple[str, str]:
    return f"{id_.subscription}/{id_.group}".lower(), id_.type.lower()
