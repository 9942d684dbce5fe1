"""The identity towards Azure: one explicit choice, whose failures say which identity was tried and never with what secret."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.identity.aio import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, safe_message
from azure_vpn_operator.runtime.clock import Clock

_FAILURE_REMEMBERED: Final = 10.0
"""Seconds for which a refusal is repeated without asking again, so that a fleet does not storm the login host."""


class NoTokenError(Exception):
    """No token could be had; `fault` says why. Inside this package only."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def describe_identity(settings: ArmSettings) -> str:
    """Name the identity that the settings choose, for a message: what kind, which application, which tenant."""
    application = f"application {settings.client_id or '(none)'} in tenant {settings.tenant_id or '(none)'}"
    if settings.token_credentials:
        return f"default credential chain ({settings.token_credentials})"
    if settings.federated_token_file:
        return f"workload identity of {application}, token file {settings.federated_token_file}"
    if settings.client_secret:
        return f"client secret of {application}"
    if settings.client_secret_file:
        return f"client secret in {settings.client_secret_file} of {application}"
    if settings.client_certificate_path:
        return f"client certificate {settings.client_certificate_path} of {application}"
    return f"managed identity {settings.client_id or '(system-assigned)'}"


def choose_credential(settings: ArmSettings, transport: Any, secret: str, password: str) -> AsyncSupportsTokenInfo:
    """Make the credential; raises `ValueError` or `OSError` if its parts are missing. All but the managed identity ask once.

    `secret` is the client secret and `password` that of the certificate, from wherever the settings have them.
    """
    asked_once: dict[str, Any] = {"transport": transport, "retry_total": 0}
    entra = {**asked_once, "authority": settings.login_authority, "proxies": settings.proxies}
    if settings.token_credentials:
        return DefaultAzureCredential(**entra)
    if settings.federated_token_file:
        return WorkloadIdentityCredential(
            tenant_id=settings.tenant_id,
            client_id=settings.client_id,
            token_file_path=settings.federated_token_file,
            **entra,
        )
    if secret:
        return ClientSecretCredential(settings.tenant_id, settings.client_id, secret, **entra)
    if settings.client_certificate_path:
        return CertificateCredential(
            settings.tenant_id,
            settings.client_id,
            settings.client_certificate_path,
            password=password or None,
            send_certificate_chain=settings.send_certificate_chain,
            **entra,
        )
    return ManagedIdentityCredential(client_id=settings.client_id or None, transport=transport)


class GuardedCredential:
    """The chosen credential, made on first use; fails with `NoTokenError` only.

    The endpoint of a managed identity answers 404 and 410 while it starts; there azure-identity's own retries stay on.
    """

    def __init__(self, settings: ArmSettings, transport: Any, clock: Clock, register: Callable[[str], None]) -> None:
        """Take the identity's settings and the HTTP transport that it shares with the resource manager's client.

        `register` is told of a secret read from a file, which must appear in no text.
        """
        self._settings = settings
        self._register = register
        self._transport = transport
        self._clock = clock
        self._credential: AsyncSupportsTokenInfo | None = None
        self._refused: Fault | None = None
        self._refused_until = 0.0

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """Get a token from the credential's cache or from the login host."""
        if self._refused and self._clock.monotonic() < self._refused_until:
            raise NoTokenError(self._refused)
        self._refused = None
        fault: Fault
        try:
            if self._credential is None:
                self._credential = await self._choose()
            return await self._credential.get_token_info(*scopes, options=options)
        except Exception as error:  # noqa: BLE001 - identity lets through what its parts raise: files, JSON, TLS
            fault = self._fault(error)
        if fault.kind is FaultKind.UNAUTHENTICATED:
            # The file with the secret or certificate may have been replaced: the next login reads it again.
            await self.forget()
            self._refused, self._refused_until = fault, self._clock.monotonic() + _FAILURE_REMEMBERED
        raise NoTokenError(fault)

    async def _choose(self) -> AsyncSupportsTokenInfo:
        settings = self._settings
        secret = settings.client_secret or await self._read(settings.client_secret_file, "client secret")
        password = settings.client_certificate_password or await self._read(
            settings.client_certificate_password_file, "certificate's password"
        )
        return choose_credential(settings, self._transport, secret, password)

    async def _read(self, path: str, what: str) -> str:
        """The secret in a file, which must appear in no text from now on; empty without a path."""
        if not path:
            return ""
        secret = (await asyncio.to_thread(Path(path).read_text, "utf-8", "replace")).strip()
        if not secret:
            raise ValueError(f"the file with the {what} is empty")
        self._register(secret)
        return secret

    async def forget(self) -> None:
        """Drop all tokens: the resource manager refused one that azure-identity would hand out until it expires."""
        credential, self._credential = self._credential, None
        if credential is not None:
            await credential.close()

    async def close(self) -> None:
        """Close what the credential holds open; the shared transport stays."""
        await self.forget()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    def _fault(self, error: Exception) -> Fault:
        kind, code = _judge(error)
        return Fault(kind, code, safe_message(f"{describe_identity(self._settings)}: {_text_of(error)}"))


def _judge(error: Exception) -> tuple[FaultKind, str]:
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return FaultKind.UNAVAILABLE, "LoginHostUnreachable"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 429:
        return FaultKind.THROTTLED, "LoginThrottled"
    if isinstance(status, int) and status >= 500:
        return FaultKind.UNAVAILABLE, "LoginHostUnavailable"
    if (isinstance(status, int) and status < 400) or _is_unreadable(error):
        return FaultKind.UNREADABLE, "LoginAnswerUnreadable"
    return FaultKind.UNAUTHENTICATED, "AuthenticationFailed"


def _is_unreadable(error: Exception) -> bool:
    # azure-identity quotes what is no JSON object in this text, and tells no status.
    return isinstance(error, HttpResponseError) and error.message.startswith("Unexpected response")


def _text_of(error: Exception) -> str:
    if _is_unreadable(error):
        return "The login host's answer is not a token."
    if isinstance(error, HttpResponseError):
        return error.message
    if isinstance(error, AzureError):
        return str(error.message)
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if isinstance(error, ValueError) else type(error).__name__
