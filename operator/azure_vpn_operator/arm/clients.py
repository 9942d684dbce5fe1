"""The SDK's clients: one per subscription, all with one identity and one pool of connections."""

import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.network.aio import NetworkManagementClient

from azure_vpn_operator.arm.credentials import GuardedCredential
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.runtime.clock import Clock

if TYPE_CHECKING:
    from azure.monitor.query.aio import LogsQueryClient


class _Pool:
    """What the clients share. Needs a running event loop; raises `OSError` if the file of authorities is unusable."""

    def __init__(self, settings: ArmSettings, clock: Clock, register: Callable[[str], None]) -> None:
        # The transport would build a TLS context per request from a file; the connector has one for all.
        tls = ssl.create_default_context(cafile=settings.ca_file or None)
        self.http: Final = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_send_writes_once,),
            auto_decompress=False,
            # The settings name the proxy: aiohttp would look at the environment and at ~/.netrc for each request.
            trust_env=False,
        )
        transport = AioHttpTransport(
            session=self.http,
            session_owner=False,
            connection_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
        )
        self.credential: Final = GuardedCredential(settings, transport, clock, register)
        self.options: Final[Mapping[str, Any]] = {
            "transport": transport,
            "proxies": settings.proxies,
            "retry_total": 0,
            "permit_redirects": False,
            "user_agent": settings.user_agent,
            "logging_enable": False,
        }
        """What holds for each client."""


class ArmClients:
    """Makes clients when they are first asked for. They repeat nothing, follow no redirect and log no body."""

    def __init__(self, settings: ArmSettings, clock: Clock, register: Callable[[str], None]) -> None:
        """Take where to go and as whom; `register` is told of secrets that are read from files."""
        self._settings = settings
        self._register = register
        self._clock = clock
        self._pool: _Pool | None = None
        self._clients: dict[str, NetworkManagementClient] = {}
        self._logs: LogsQueryClient | None = None

    def get(self, subscription: str) -> NetworkManagementClient:
        """Return the subscription's client; raises `OSError` if the file of authorities is unusable."""
        key = subscription.lower()
        if key not in self._clients:
            pool = self._shared()
            self._clients[key] = NetworkManagementClient(
                pool.credential,  # type: ignore[arg-type]  # the SDK names the older protocol and prefers get_token_info
                subscription,
                base_url=self._settings.base_url,
                credential_scopes=[self._settings.scope],
                **pool.options,
            )
        return self._clients[key]

    def logs(self) -> "LogsQueryClient":
        """Return the client of Log Analytics; raises `OSError` like `get`."""
        if self._logs is None:
            from azure.monitor.query.aio import LogsQueryClient  # noqa: PLC0415 - most installations never need it

            pool = self._shared()
            self._logs = LogsQueryClient(
                pool.credential,  # type: ignore[arg-type]  # as above
                endpoint=self._settings.logs_url,
                credential_scopes=[self._settings.logs_scope],
                **pool.options,
            )
        return self._logs

    def _shared(self) -> _Pool:
        if self._pool is None:
            self._pool = _Pool(self._settings, self._clock, self._register)
        return self._pool

    async def forget_token(self) -> None:
        """Let the next request have a new token."""
        if self._pool is not None:
            await self._pool.credential.forget()

    async def close(self) -> None:
        """Close the identity and all connections."""
        self._clients.clear()
        self._logs = None
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.credential.close()
            await pool.http.close()


async def _send_writes_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp repeats a PUT or DELETE whose connection broke; it may have been carried out, so that is ours to decide.
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientConnectionError(str(error)) from error
