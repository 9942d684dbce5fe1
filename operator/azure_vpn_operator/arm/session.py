"""The one way out to the resource manager: azure-mgmt-network's own pipeline, without its retries, redirects and decoding.

Requests go through `NetworkManagementClient.send_request`, so the SDK does authentication, headers and TLS, while answers are
read here: its typed operations lose wrong types, fail on a fractional Retry-After after the write has happened, and follow any
address an answer names. Bodies are streamed, which also keeps the SDK from registering resource providers on its own.
"""

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, Self
from urllib.parse import quote

import aiohttp
from azure.core.exceptions import AzureError, ServiceRequestTimeoutError, ServiceResponseTimeoutError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from azure_vpn_operator.arm.answers import Answer, parse_json, read_retry_after, request_id
from azure_vpn_operator.arm.classify import fault_of_error, fault_of_other_answer
from azure_vpn_operator.arm.clients import ArmClients
from azure_vpn_operator.arm.credentials import NoTokenError
from azure_vpn_operator.arm.observer import LOG_QUERIES, ArmObserver, Exchange, remaining_quotas
from azure_vpn_operator.arm.settings import ArmSettings, same_origin
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, safe_message
from azure_vpn_operator.runtime.clock import Clock

_JSON: Final = "application/json"
LOG_CALL_SECONDS: Final = 30.0
"""The longest that a query of Log Analytics may take: a pass waits for it."""
LOG_SERVER_SECONDS: Final = 20
"""How long the workspace itself may work on a query."""
_CLOSED: Final = Fault(FaultKind.UNAVAILABLE, "Closed", "The operator is stopping.")


class _Client(Protocol):
    """What all of the SDK's clients can do."""

    def send_request(self, request: HttpRequest, *, stream: bool = False) -> Awaitable[AsyncHttpResponse]:
        """Send a request through the client's pipeline."""
        ...


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
        self._clients = ArmClients(settings, clock, secrets.register)
        self._closed = False
        self.secrets: Final = secrets
        for own in (settings.client_secret, settings.client_certificate_password):
            secrets.register(own)

    async def close(self) -> None:
        """Close the identity and all connections, for good.

        Later calls fail as `Unavailable`; so do those in flight, at the latest when their time is up.
        """
        self._closed = True
        await self._clients.close()

    async def __aenter__(self) -> Self:
        """Return itself; there is nothing to open yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    def address(self, resource: ArmId, *below: str, api_version: str = "") -> str:
        """The URL of a resource, or of something below it, with the api-version; empty: that of the settings."""
        path = quote("/".join((str(resource), *below)), safe="/")
        return self._versioned(path, api_version)

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
            return _CLOSED
        if not self.leads_home(url):
            return Fault(
                FaultKind.UNSUPPORTED,
                "ForeignAddress",
                "The address leads to another host than the resource manager's.",
            )
        request = HttpRequest(
            method,
            url.replace("{", "%7B").replace("}", "%7D"),  # the SDK takes braces for a template
            headers={"Accept": _JSON} if body is None else {"Accept": _JSON, "Content-Type": _JSON},
            content=None if body is None else json.dumps(body),
        )
        return await self._observed(
            request, subscription, resource, self._settings.call_timeout, lambda: self._clients.get(subscription)
        )

    @property
    def reaches_logs(self) -> bool:
        """Whether it is known where workspaces of Log Analytics are queried."""
        return bool(self._settings.logs_url)

    async def query_logs(self, workspace: str, query: str, *, subscription: str) -> Answer | Fault:
        """Ask a workspace of Log Analytics once, by its customer id; `subscription` is for metrics."""
        if self._closed:
            return _CLOSED
        request = HttpRequest(
            "POST",
            f"/workspaces/{quote(workspace, safe='')}/query",
            headers={"Accept": _JSON, "Content-Type": _JSON, "Prefer": f"wait={LOG_SERVER_SECONDS}"},
            content=json.dumps({"query": query}),
        )
        limit = min(self._settings.call_timeout, LOG_CALL_SECONDS)
        return await self._observed(request, subscription, LOG_QUERIES, limit, self._clients.logs)

    async def _observed(
        self, request: HttpRequest, subscription: str, resource: str, limit: float, client: Callable[[], _Client]
    ) -> Answer | Fault:
        started = self._clock.monotonic()
        result, code, headers = await self._exchange(request, limit, client)
        if self._observer is not None:
            fault = result if isinstance(result, Fault) else None
            self._observer.seen(
                Exchange(
                    subscription=subscription.lower(),
                    resource=resource,
                    method=request.method,
                    response_code=code or (fault.code if fault else ""),
                    seconds=self._clock.monotonic() - started,
                    remaining=remaining_quotas(headers),
                    fault=fault,
                )
            )
        return result

    async def _exchange(
        self, request: HttpRequest, limit: float, client: Callable[[], _Client]
    ) -> tuple[Answer | Fault, int, Mapping[str, str]]:
        try:
            async with asyncio.timeout(limit):
                response = await client().send_request(request, stream=True)
                async with response:
                    content = await response.read()
        except NoTokenError as error:
            return error.fault, 0, {}
        except (AzureError, aiohttp.ClientError, OSError, zlib.error) as error:
            return _fault_without_answer(error), 0, {}
        except Exception:
            if not self._closed:  # closing under a call ends it in several ways, aiohttp's own assertions among them
                raise
            return _CLOSED, 0, {}
        if response.status_code == 401:
            await self._clients.forget_token()
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
        return Answer(status, headers, document, retry_after=wait)

    def _versioned(self, path: str, api_version: str = "") -> str:
        version = quote(api_version or self._settings.api_version, safe="")
        return f"{self._settings.base_url}{path}?api-version={version}"


def _fault_without_answer(error: Exception) -> Fault:
    if isinstance(error, zlib.error):
        return Fault(FaultKind.UNREADABLE, "BadCompression", "The answer's compression is broken.")
    if isinstance(error, (TimeoutError, ServiceRequestTimeoutError, ServiceResponseTimeoutError)):
        return Fault(FaultKind.UNAVAILABLE, "Timeout", "No complete answer in time.")
    return Fault(FaultKind.UNAVAILABLE, "ConnectionFailed", safe_message(str(error) or type(error).__name__))
