"""Entra ID, as far as clients of Resource Manager need it: tokens for secrets, federated tokens and managed identities."""

import fnmatch
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from azure_vpn_simulator.clock import Clock
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.metadata import graph_audience
from azure_vpn_simulator.topology import Principal, Topology
from azure_vpn_simulator.wire import Reply, Request, json_reply

KEY_ID = "simulator"
_FEDERATION_AUDIENCE = "api://AzureADTokenExchange"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_REMEMBERED_TOKENS = 1000


class _TokenError(Exception):
    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.code, self.text = status, error, code, text


@dataclass(frozen=True, slots=True)
class _Seen:
    client_id: str
    expires: float
    audience: str


class Identity:
    """Issues and checks tokens. Tokens live by the wall clock, because clients compare their expiry with their own."""

    def __init__(self, signing_key: RSAPrivateKey, clock: Clock) -> None:
        self._key = signing_key
        self._public = signing_key.public_key()
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def token_endpoint(self, topology: Topology, request: Request, tenant: str) -> Reply:
        """Answer POST /{tenant}/oauth2/v2.0/token."""
        form = {k: v[0] for k, v in parse_qs(request.body.decode("latin-1"), keep_blank_values=True).items()}
        principal = _by_client_id(topology, form.get("client_id", ""))
        try:
            self._require_tenant(topology, tenant)
            token, lifetime = self._grant(topology, principal, form, request.base_url)
        except _TokenError as refusal:
            return self._refused(refusal)
        document = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
        return json_reply(200, document, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})

    def asking(self, topology: Topology, request: Request) -> str | None:
        """Return the name of the principal whose client id a token request carries, whether its secret is right or not."""
        form = parse_qs(request.body.decode("latin-1"))
        principal = _by_client_id(topology, form.get("client_id", [""])[0])
        return principal.name if principal else None

    def managed_identity(self, topology: Topology, request: Request) -> tuple[Reply, str | None]:
        """Answer the endpoint that IDENTITY_ENDPOINT names; the header says who asks."""
        header = request.headers.get("x-identity-header", "")
        wanted = request.query.get("client_id")
        for principal in topology.principals:
            known = principal.managed_identity_header
            if known is None or not hmac.compare_digest(known.encode(), header.encode()):
                continue
            if wanted is not None and wanted.lower() != principal.client_id.lower():
                continue
            resource = request.query.get("resource", "")
            if not _offered(topology, resource, request.base_url):
                return json_reply(
                    400, {"statusCode": 400, "message": f"The resource {resource} is unknown."}
                ), principal.name
            token, expires = self.issue(topology, principal, resource, request.base_url)
            document = {
                "access_token": token,
                "expires_on": str(int(expires.timestamp())),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": principal.client_id,
            }
            return json_reply(200, document), principal.name
        return json_reply(401, {"statusCode": 401, "message": "No managed identity has this X-IDENTITY-HEADER."}), None

    def authenticate(
        self,
        topology: Topology,
        headers: Mapping[str, str],
        base_url: str,
        audiences: frozenset[str] | None = None,
    ) -> Principal:
        """Return who sends a request; ArmError 401 if the token is missing, expired, or meant for somebody else.

        The token has to be for one of the audiences; without them, for Resource Manager.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        challenge = f'Bearer authorization_uri="{base_url}/{topology.tenant_id}"'
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated(
                "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", challenge
            )
        challenge += ', error="invalid_token", error_description="{}"'
        now = self._clock.wall()
        seen = self._seen.get(token)
        if seen is None:
            seen = self._check(topology, token, challenge)
        meant = audiences or _of_resource_manager(topology, base_url)
        if seen.audience not in meant:
            raise _unauthenticated(
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource.",
                challenge.format("The audience is wrong."),
            )
        if seen.expires <= now.timestamp():
            raise _unauthenticated(
                "ExpiredAuthenticationToken",
                "The access token has expired.",
                challenge.format("The access token has expired."),
            )
        principal = _by_client_id(topology, seen.client_id)
        if principal is None:
            raise _unauthenticated(
                "InvalidAuthenticationToken",
                "The access token is from an unknown application.",
                challenge.format("The application is unknown."),
            )
        return principal

    def issue(self, topology: Topology, principal: Principal, audience: str, base_url: str) -> tuple[str, datetime]:
        """Sign a token for a principal; return it with its expiry."""
        now = self._clock.wall()
        expires = now + timedelta(seconds=topology.options.token_lifetime_seconds)
        claims = {
            "aud": audience,
            "iss": f"{base_url}/{topology.tenant_id}/v2.0",
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()) - 1,
            "exp": int(expires.timestamp()),
            "appid": principal.client_id,
            "azp": principal.client_id,
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": topology.tenant_id,
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID}), expires

    def openid_configuration(self, topology: Topology, base_url: str, tenant: str) -> Reply:
        """Answer /{tenant}/v2.0/.well-known/openid-configuration."""
        tenant_url = f"{base_url}/{topology.tenant_id if tenant in {'common', 'organizations'} else tenant}"
        return json_reply(
            200,
            {
                "issuer": f"{tenant_url}/v2.0",
                "authorization_endpoint": f"{tenant_url}/oauth2/v2.0/authorize",
                "token_endpoint": f"{tenant_url}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{tenant_url}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{tenant_url}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token", "token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            },
        )

    def keys(self) -> Reply:
        """Answer /{tenant}/discovery/v2.0/keys: the public half of the signing key."""
        key: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._public))
        return json_reply(200, {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})

    def _grant(
        self, topology: Topology, principal: Principal | None, form: dict[str, str], base_url: str
    ) -> tuple[str, int]:
        if form.get("grant_type") != "client_credentials":
            raise _TokenError(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if principal is None:
            text = f"Application with identifier '{form.get('client_id', '')[:40]}' was not found in the directory."
            raise _TokenError(400, "unauthorized_client", 700016, text)
        audience = form.get("scope", "").removesuffix("/.default")
        if not _offered(topology, audience, base_url):
            raise _TokenError(
                400, "invalid_resource", 500011, f"The resource principal named {audience[:80]} was not found."
            )
        if "client_secret" in form:
            known = principal.client_secret
            if known is None or not hmac.compare_digest(known.encode(), form["client_secret"].encode()):
                raise _TokenError(401, "invalid_client", 7000215, "Invalid client secret provided.")
        elif "client_assertion" in form:
            self._require_assertion(principal, form)
        else:
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise _TokenError(401, "invalid_client", 7000218, text)
        token, _ = self.issue(topology, principal, audience, base_url)
        return token, topology.options.token_lifetime_seconds

    def _require_assertion(self, principal: Principal, form: dict[str, str]) -> None:
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise _TokenError(401, "invalid_client", 7000218, "The client assertion type is unknown.")
        try:
            # The issuer's keys cannot be fetched from here, so the signature is not checked; everything else is.
            claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise _TokenError(401, "invalid_client", 50027, "The client assertion is not a JWT.") from None
        audiences = claims.get("aud")
        if _FEDERATION_AUDIENCE not in (audiences if isinstance(audiences, list) else [audiences]):
            raise _TokenError(
                401, "invalid_client", 700212, "The audience of the client assertion is not the expected one."
            )
        expires = claims.get("exp")
        if not isinstance(expires, (int, float)) or expires <= self._clock.wall().timestamp():
            raise _TokenError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
        subject = str(claims.get("sub"))
        if not any(fnmatch.fnmatchcase(subject, known) for known in principal.federated_subjects):
            text = f"No matching federated identity record found for presented assertion subject '{subject[:200]}'."
            raise _TokenError(401, "invalid_client", 700213, text)

    def _check(self, topology: Topology, token: str, challenge: str) -> _Seen:
        def invalid(why: str) -> ArmError:
            return _unauthenticated("InvalidAuthenticationToken", why, challenge.format(why))

        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            raise invalid("The access token is invalid.") from None
        if claims.get("tid") != topology.tenant_id:
            raise invalid("The access token is from the wrong issuer.")
        seen = _Seen(str(claims["appid"]), float(claims["exp"]), str(claims.get("aud")).rstrip("/"))
        while len(self._seen) >= _REMEMBERED_TOKENS:
            del self._seen[next(iter(self._seen))]
        self._seen[token] = seen
        return seen

    def _require_tenant(self, topology: Topology, tenant: str) -> None:
        if tenant.lower() != topology.tenant_id.lower():
            raise _TokenError(400, "invalid_request", 90002, f"Tenant '{tenant[:40]}' not found.")

    def _refused(self, refusal: _TokenError) -> Reply:
        now = self._clock.wall().astimezone(UTC)
        document = {
            "error": refusal.error,
            "error_description": f"AADSTS{refusal.code}: {refusal.text} Timestamp: {now:%Y-%m-%d %H:%M:%SZ}",
            "error_codes": [refusal.code],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
        }
        return json_reply(refusal.status, document)


def _by_client_id(topology: Topology, client_id: str) -> Principal | None:
    return next((p for p in topology.principals if p.client_id.lower() == client_id.lower()), None)


def _unauthenticated(code: str, message: str, challenge: str) -> ArmError:
    return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})


def _of_resource_manager(topology: Topology, base_url: str) -> frozenset[str]:
    return frozenset({*(audience.rstrip("/") for audience in topology.options.audiences), base_url})


def _offered(topology: Topology, audience: str, base_url: str) -> bool:
    others = {graph_audience(base_url), topology.options.log_audience.rstrip("/")}
    return audience.rstrip("/") in _of_resource_manager(topology, base_url) | others
