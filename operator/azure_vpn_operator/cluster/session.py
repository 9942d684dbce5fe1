"""The one way out to the API server: JSON in, JSON out, each request bounded in time and its failures values.

The generated client's models are not used: their texts hold what they carry, Secrets too, and they drop fields of newer servers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self
from urllib.parse import quote, urlencode

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration

from azure_vpn_operator.cluster.classify import fault_of_status
from azure_vpn_operator.cluster.settings import ClusterSettings, ConnectionFacts, NoClusterError, read_connection_facts
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, safe_message
from azure_vpn_operator.runtime.clock import Clock

FIELD_MANAGER: Final = "azure-vpn-operator"
"""Whose name the API server notes for each field we write."""
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
_CLOSED: Final = Fault(FaultKind.UNAVAILABLE, "Closed", "The operator is stopping.")
_UNKNOWN_PATH: Final = b"404 page not found"
"""What the API server says, as plain text, about a group or version that it does not have."""
_FACTS_KEPT: Final = 60.0
"""Seconds until a pod's token is read again: the kubelet replaces the file long before the old token expires."""


class ClusterObserver(Protocol):
    """Told of every request; must not block and must not raise."""

    def responded(self, method: str, host: str, code: int | str, seconds: float) -> None:
        """Take note of one finished request; `code` is the HTTP status, or a word if there was no answer."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status below 300."""

    document: Mapping[str, Any] = field(repr=False)


class ClusterSession:
    """One connection pool to the API server. Opens nothing before the first call."""

    def __init__(self, settings: ClusterSettings, *, clock: Clock, observer: ClusterObserver | None = None) -> None:
        """Take how to find the API server, and who is told of each request."""
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._facts: ConnectionFacts | None = None
        self._facts_read_at = 0.0
        self._client: ApiClient | None = None
        self._transport: tuple[object, ...] = ()
        self._closed = False

    async def close(self) -> None:
        """Close all connections, for good.

        Later calls fail as `Unavailable`; so do those in flight, at the latest when their time is up.
        """
        self._closed = True
        if self._client is not None:
            await self._client.close()

    async def __aenter__(self) -> Self:
        """Return itself; there is nothing to open yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def connection_facts(self) -> ConnectionFacts:
        """How to reach the API server, read anew: for other clients' logins. Raises `NoClusterError`."""
        return await self._read_facts()

    async def request(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Reply | Fault:
        """Send one request and read the answer; `path` is given in parts, which may hold any character.

        After a 401 the credentials are read again and, if they changed, the request is sent once more.
        """
        if self._closed:
            return _CLOSED
        url = "".join(f"/{quote(part, safe='')}" for part in path) + (f"?{urlencode(query)}" if query else "")
        try:
            facts = await self._current_facts()
            result = await self._send(facts, method, url, body, content_type, accept)
            if isinstance(result, Fault) and result.kind is FaultKind.UNAUTHENTICATED:
                renewed = await self._read_facts()
                if renewed != facts:
                    result = await self._send(renewed, method, url, body, content_type, accept)
        except NoClusterError as error:
            return Fault(FaultKind.UNAUTHENTICATED, "NoClusterAccess", safe_message(str(error)))
        return result

    async def _current_facts(self) -> ConnectionFacts:
        age = self._clock.monotonic() - self._facts_read_at
        if self._facts is None or (self._settings.kubeconfig is None and age >= _FACTS_KEPT):
            return await self._read_facts()
        return self._facts

    async def _read_facts(self) -> ConnectionFacts:
        self._facts = await read_connection_facts(self._settings)
        self._facts_read_at = self._clock.monotonic()
        return self._facts

    async def _send(
        self, facts: ConnectionFacts, method: str, url: str, body: object, content_type: str, accept: str
    ) -> Reply | Fault:
        started = self._clock.monotonic()
        result, code = await self._exchange(facts, method, url, body, content_type, accept)
        if self._observer is not None:
            host = facts.server.partition("://")[2]
            self._observer.responded(method, host, code, self._clock.monotonic() - started)
        return result

    async def _exchange(
        self, facts: ConnectionFacts, method: str, url: str, body: object, content_type: str, accept: str
    ) -> tuple[Reply | Fault, int | str]:
        headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": self._settings.user_agent}
        if facts.authorization:
            headers["Authorization"] = facts.authorization
        limits = aiohttp.ClientTimeout(
            total=self._settings.request_timeout, sock_connect=self._settings.connect_timeout
        )
        try:
            client = await self._client_for(facts)
            response = await client.call_api(
                method, facts.server + url, header_params=headers, body=body, _request_timeout=limits
            )
            content = await response.read()
        except TimeoutError:
            return Fault(FaultKind.UNAVAILABLE, "Timeout", "No complete answer from the API server in time."), "Timeout"
        except (aiohttp.ClientError, OSError) as error:
            text = safe_message(str(error) or type(error).__name__)
            return Fault(FaultKind.UNAVAILABLE, "ConnectionFailed", text), "ConnectionFailed"
        except Exception:
            if not self._closed:  # closing under a call ends it in several ways, aiohttp's own assertions among them
                raise
            return _CLOSED, _CLOSED.code
        return _read(response.status, response.headers.get("Retry-After", ""), content), response.status

    async def _client_for(self, facts: ConnectionFacts) -> ApiClient:
        if self._client is not None and self._transport != facts.transport:
            old, self._client = self._client, None
            await old.close()
        if self._client is None:
            configuration = Configuration(
                host=facts.server,
                ssl_ca_cert=facts.ca_path,
                verify_ssl=not facts.insecure,
                cert_file=facts.certificate_path,
                key_file=facts.private_key_path,
                proxy=facts.proxy_url,
                tls_server_name=facts.tls_server_name,
                # As kopf does: a proxy for the way to Azure is not one for the API server.
                client_session_kwargs={"trust_env": False},
            )
            self._client = ApiClient(configuration)
            self._transport = facts.transport
        return self._client


def _read(status: int, retry_after: str, content: bytes) -> Reply | Fault:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if status == 404 and content.strip() == _UNKNOWN_PATH:
        document = {"kind": "Status", "message": "The API server does not serve this kind: is its CRD installed?"}
    if status >= 300:
        return fault_of_status(status, document, retry_after=float(retry_after) if retry_after.isdigit() else None)
    if not isinstance(document, dict):
        return Fault(FaultKind.UNREADABLE, "UnexpectedDocument", "The API server's answer is not a JSON object.")
    return Reply(document)
