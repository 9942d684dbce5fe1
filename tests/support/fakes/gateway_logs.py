"""Gateways' logs behind their port, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.lookups import Present, Read
from azure_vpn_operator.ports import GatewayLogsPort


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that came, and what it was about."""

    gateway: ArmId
    addresses: tuple[str, ...]
    since: datetime


class FakeGatewayLogs(GatewayLogsPort):
    """Keeps `GatewayLogsPort`."""

    def __init__(self) -> None:
        self.lines: dict[str, list[GatewayLogLine]] = {}
        """By the public address of the peer; those that are older than asked for are left out."""
        self.instead: Read[Sequence[GatewayLogLine]] | None = None
        """What every question is answered, in place of lines."""
        self.asked: list[Asked] = []

    @override
    async def newest(
        self, gateway: ArmId, remote_addresses: Sequence[str], since: datetime
    ) -> Read[Sequence[GatewayLogLine]]:
        """As promised by the port."""
        self.asked.append(Asked(gateway, tuple(remote_addresses), since))
        if self.instead is not None:
            return self.instead
        found = [line for address in remote_addresses for line in self.lines.get(address, ()) if line.time > since]
        return Present(tuple(sorted(found, key=lambda line: line.time, reverse=True)))
