"""A whole list of objects at once, as tests want it."""

from collections.abc import Mapping, Sequence
from typing import Any

from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.ports import ObjectsPort


async def list_all(objects: ObjectsPort, kind: str = "IpsecPolicy") -> list[Mapping[str, Any]] | Fault:
    """Everything that the port hands over, or its fault."""
    found: list[Mapping[str, Any]] = []

    async def take(page: Sequence[Mapping[str, Any]]) -> None:
        found.extend(page)

    fault = await objects.list_all(kind, take)
    return found if fault is None else fault
