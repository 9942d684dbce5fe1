"""One session with Azure per identity of the access file, made when it is first needed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Self

from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.domain.access import Identity
from azure_vpn_operator.ports import ConnectionsPort, GatewayLogsPort, GatewaysPort
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.fence import Fence

RETIRE_AFTER_SECONDS: Final = 300.0
"""A session that is no longer wanted stays open for so long: a pass may be in the middle of a call."""


class ArmIdentities:
    """The sessions beside the operator's own."""

    def __init__(
        self,
        own: ArmSettings,
        clock: Clock,
        make: Callable[[ArmSettings, Identity], ArmSession],
        fence: Fence,
        logs: Callable[[ArmSession], GatewayLogsPort | None] = lambda _: None,
    ) -> None:
        """Take the settings that all share, how a session is made, what keeps writes back, and how gateways' logs are read."""
        self._logs = logs
        self._fence = fence
        self._own = own
        self._clock = clock
        self._make = make
        self._sessions: dict[Identity, ArmSession] = {}
        self._retired: list[tuple[float, ArmSession]] = []

    def ports_of(self, identity: Identity) -> tuple[ConnectionsPort, GatewaysPort, GatewayLogsPort | None]:
        """Azure as this identity sees it; opens nothing."""
        if identity not in self._sessions:
            self._sessions[identity] = self._make(settings_as(self._own, identity), identity)
        session = self._sessions[identity]
        return ArmConnections(session, self._fence), ArmGateways(session), self._logs(session)

    def keep_only(self, wanted: frozenset[Identity]) -> None:
        """Let go of the sessions of all other identities."""
        for identity in self._sessions.keys() - wanted:
            self._retired.append((self._clock.monotonic(), self._sessions.pop(identity)))

    async def close_retired(self) -> None:
        """Close what has not been wanted for some minutes."""
        limit = self._clock.monotonic() - RETIRE_AFTER_SECONDS
        closing = [session for since, session in self._retired if since <= limit]
        self._retired = [item for item in self._retired if item[0] > limit]
        for session in closing:
            await session.close()

    async def run(self) -> None:
        """Close what is no longer wanted, until cancelled."""
        while True:
            await self._clock.sleep(RETIRE_AFTER_SECONDS / 5)
            await self.close_retired()

    async def __aenter__(self) -> Self:
        """Return itself; there is nothing to open yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def close(self) -> None:
        """Close everything."""
        for session in (*self._sessions.values(), *(session for _, session in self._retired)):
            await session.close()
        self._sessions.clear()
        self._retired.clear()


def settings_as(own: ArmSettings, identity: Identity) -> ArmSettings:
    """The same addresses and limits, and nothing of the operator's own way to log in."""
    return replace(
        own,
        tenant_id=identity.tenant_id,
        client_id=identity.client_id,
        client_secret="",
        client_secret_file=identity.client_secret_file,
        client_certificate_path=identity.certificate_file,
        client_certificate_password="",
        client_certificate_password_file=identity.certificate_password_file,
        federated_token_file=identity.federated_token_file,
        token_credentials="",
    )
