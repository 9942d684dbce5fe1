"""The one way out to the resource manager: azure-mgmt-network's own pipeline, without its retries, redirects and decoding.

Requests go through `NetworkManagementClient.send_request`, so the SDK does authentication, headers and TLS, while answers are
read here: its typed operations lose wrong types, fail on a fractional Retry-After after the write has happened, and follow any
address an answer names. Bodies are streamed, which also keeps the SDK from registering resource providers on its own.
"""

import asyncio
import json
import ssl
import zlib
from collections.abc import Mapping
from typing import Any, Final, Protocol, Self
from urllib.parse import quote

import aiohttp
from azure.core.exceptions import AzureError, ServiceRequestTimeoutError, ServiceResponseTimeoutError
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import HttpRequest
from azure.mgmt.network.aio import NetworkManagementClient

from azure_vpn_operator.arm.answers import Answer, parse_json, read_retry_after, request_id
from azure_vpn_operator.arm.classify import fault_of_error, fault_of_other_answer
from azure_vpn_operator.arm.credentials import GuardedCredential, NoTokenError
from azure_vpn_operator.arm.observer import ArmObserver, Exchange, remaining_quotas
from azure_vpn_operator.arm.settings import ArmSettings, same_origin
from azure_vpn_operator.domain.canonical import ArmId
from azure_vpn_operator.domain.faults import Fault, FaultKind, safe_message
from azure_vpn_operator.runtime.clock import Clock

_JSON: Final = "application/json"


class KeyGuard(Protocol):
    """Who knows the keys, and takes them out of texts."""

    def register(self, value: str | bytes) -> None:
        """Remember a value that must appear in no text."""
        ...

    def redact(self, text: str) -> str:
        """Return the text without any registered value."""
        ...


class ArmSession:
    """One identity, one connection pool, one SDK client per subscription. Opens nothing before the first call."""

    def __init__(
        self, settings: ArmSettings, *, clock: Clock, secrets: KeyGuard, observer: ArmObserver | None = None
    ) -> None:
        """Take where to go and as whom, and who is told of each request."""
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._http: aiohttp.ClientSession | None = None
        self._transport: AioHttpTransport | None = None
        self._credential: GuardedCredential | None = None
        self._clients: dict[str, NetworkManagementClient] = {}
        self._closed = False
        self.secrets: Final = secrets
        if settings.client_secret:
            secrets.register(settings.client_secret)

    async def close(self) -> None:
        """Close the identity and all connections, for good; calls in flight and later ones fail as `Unavailable`."""
        self._closed = True
        if self._credential is not None:
            await self._credential.close()
        if self._http is not None:
            await self._http.close()
        self._clients.clear()

    async def __aenter__(self) -> Self:
        """Return itself; there is nothing to open yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    def address(self, resource: ArmId, *below: str) -> str:
        """The URL of a resource, or of something below it, with the api-version."""
        path = quote("/".join((str(resource), *below)), safe="/")
        return self._versioned(path)

    def group_address(self, subscription: str, resource_group: str, *below: str) -> str:
        """The URL of something of Microsoft.Network in a resource group, with the api-version."""
        parts = (
            "subscriptions",
            subscription,
            "resourceGroups",
            resource_group,
            "providers",
            "Microsoft.Network",
            *below,
        )
        return self._versioned("".join(f"/{quote(part, safe='')}" for part in parts))

    def leads_home(self, url: str) -> bool:
        """Whether a URL from an answer leads to the resource manager itself, so that it may see our token."""
        return same_origin(url, self._settings.base_url)

    def without_keys(self, document: Any) -> Any:
        """Return a JSON document with the registered keys taken out of all its texts."""
        match document:
            case str():
                return self.secrets.redact(document)
            case Mapping():
                return {name: self.without_keys(value) for name, value in document.items()}
            case list():
                return [self.without_keys(value) for value in document]
            case _:
                return document

    async def send(
        self, method: str, url: str, *, subscription: str, resource: str, body: Mapping[str, Any] | None = None
    ) -> Answer | Fault:
        """Send one request once and read the answer.

        `resource` names the kind of resource for metrics. A URL that does not lead to the resource manager is not
        followed and answered by a fault of kind UNSUPPORTED.
        """
        if self._closed:
            return Fault(FaultKind.UNAVAILABLE, "Closed", "The operator is stopping.")
        if not self.leads_home(url):
            return Fault(
                FaultKind.UNSUPPORTED,
                "ForeignAddress",
                "The address leads to another host than the resource manager's.",
            )
        started = self._clock.monotonic()
        result, code, headers = await self._exchange(method, url, subscription, body)
        if self._observer is not None:
            fault = result if isinstance(result, Fault) else None
            self._observer.seen(
                Exchange(
                    subscription=subscription,
                    resource=resource,
                    method=method,
                    response_code=code or (fault.code if fault else ""),
                    seconds=self._clock.monotonic() - started,
                    remaining=remaining_quotas(headers),
                    fault=fault,
                )
            )
        return result

    async def _exchange(
        self, method: str, url: str, subscription: str, body: Mapping[str, Any] | None
    ) -> tuple[Answer | Fault, int, Mapping[str, str]]:
        request = HttpRequest(
            method,
            url.replace("{", "%7B").replace("}", "%7D"),  # the SDK takes braces for a template
            headers={"Accept": _JSON} if body is None else {"Accept": _JSON, "Content-Type": _JSON},
            content=None if body is None else json.dumps(body),
        )
        try:
            async with asyncio.timeout(self._settings.call_timeout):
                response = await self._client(subscription).send_request(request, stream=True)
                async with response:
                    content = await response.read()
        except NoTokenError as error:
            return error.fault, 0, {}
        except (AzureError, aiohttp.ClientError, OSError, RuntimeError, zlib.error) as error:
            if isinstance(error, RuntimeError) and not self._closed:
                raise
            return _fault_without_answer(error), 0, {}
        if response.status_code == 401 and self._credential is not None:
            await self._credential.forget()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return self._read(response.status_code, headers, content), response.status_code, headers

    def _read(self, status: int, headers: Mapping[str, str], content: bytes) -> Answer | Fault:
        wait = read_retry_after(headers, self._clock.now())
        try:
            document = parse_json(content) if content else None
        except ValueError:
            return fault_of_other_answer(
                status, headers.get("content-type", ""), retry_after=wait, request_id=request_id(headers)
            )
        if 300 <= status < 400:
            return fault_of_other_answer(status, "", request_id=request_id(headers))
        if status >= 400:
            return fault_of_error(status, self.without_keys(document), retry_after=wait, request_id=request_id(headers))
        return Answer(status, headers, document, empty=not content, retry_after=wait)

    def _client(self, subscription: str) -> NetworkManagementClient:
        key = subscription.lower()
        if key not in self._clients:
            transport, credential = self._shared()
            self._clients[key] = NetworkManagementClient(
                credential,  # type: ignore[arg-type]  # the SDK names the older protocol and prefers get_token_info
                subscription,
                base_url=self._settings.base_url,
                credential_scopes=[self._settings.scope],
                transport=transport,
                retry_total=0,
                permit_redirects=False,
                user_agent=self._settings.user_agent,
                logging_enable=False,
            )
        return self._clients[key]

    def _shared(self) -> tuple[AioHttpTransport, GuardedCredential]:
        if self._transport is None or self._credential is None:
            # The transport builds a TLS context per request if it is given a file; the connector has one for all.
            tls = ssl.create_default_context(cafile=self._settings.ca_file or None)
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_send_writes_once,),
                auto_decompress=False,
                trust_env=True,
            )
            self._transport = AioHttpTransport(
                session=self._http,
                session_owner=False,
                connection_timeout=self._settings.connect_timeout,
                read_timeout=self._settings.read_timeout,
            )
            self._credential = GuardedCredential(self._settings, self._transport, self._clock)
        return self._transport, self._credential

    def _versioned(self, path: str) -> str:
        return f"{self._settings.base_url}{path}?api-version={quote(self._settings.api_version, safe='')}"


async def _send_writes_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp repeats a PUT or DELETE whose connection broke; it may have been carried out, so that is ours to decide.
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientConnectionError(str(error)) from error


def _fault_without_answer(error: Exception) -> Fault:
    if isinstance(error, zlib.error):
        return Fault(FaultKind.UNREADABLE, "BadCompression", "The answer's compression is broken.")
    if isinstance(error, (TimeoutError, ServiceRequestTimeoutError, ServiceResponseTimeoutError)):
        return Fault(FaultKind.UNAVAILABLE, "Timeout", "No complete answer in time.")
    return Fault(FaultKind.UNAVAILABLE, "ConnectionFailed", safe_message(str(error) or type(error).__name__))
