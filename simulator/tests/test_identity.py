"""Tokens: who gets one, and which ones Resource Manager takes."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.identity import Identity
from azure_vpn_simulator.topology import Topology, parse_topology
from azure_vpn_simulator.wire import Reply, Request

BASE = "https://arm.example"
TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "33333333-3333-4333-8333-333333333333"
ARM = "https://management.azure.com/.default"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Ask = Callable[..., Reply]


@pytest.fixture(scope="session")
def signing_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def topology(document: dict[str, Any]) -> Topology:
    return parse_topology(document)


@pytest.fixture
def identity(signing_key: RSAPrivateKey, clock: ManualClock) -> Identity:
    return Identity(signing_key, clock)


@pytest.fixture
def ask(identity: Identity, topology: Topology) -> Ask:
    def request(tenant: str = TENANT, **form: str | None) -> Reply:
        full: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": "secret-1",
            "scope": ARM,
        }
        sent = {k: v for k, v in (full | form).items() if v is not None}
        path = f"/{tenant}/oauth2/v2.0/token"
        return identity.token_endpoint(topology, Request("POST", path, {}, {}, urlencode(sent).encode(), BASE), tenant)

    return request


def read(reply: Reply) -> Any:
    assert reply.body is not None
    return json.loads(reply.body)


def assertion(clock: ManualClock, **claims: object) -> str:
    full = {
        "aud": "api://AzureADTokenExchange",
        "sub": "system:serviceaccount:ops:operator",
        "exp": clock.wall().timestamp() + 60,
        "iss": "https://cluster.example",
    }
    return jwt.encode(full | claims, "any key will do, it has to be long enough", algorithm="HS256")


def test_the_right_secret_gets_a_token_that_opens_the_door(identity: Identity, topology: Topology, ask: Ask) -> None:
    reply = ask()
    assert reply.status == 200
    assert read(reply)["expires_in"] == 3600
    headers = {"authorization": f"Bearer {read(reply)['access_token']}"}
    assert identity.authenticate(topology, headers, BASE).name == "engineer"


@pytest.mark.parametrize(
    ("form", "status", "error", "number"),
    [
        pytest.param({"client_secret": "wrong"}, 401, "invalid_client", 7000215, id="a wrong secret"),
        pytest.param({"client_secret": "wröng 密"}, 401, "invalid_client", 7000215, id="a secret that is not ASCII"),
        pytest.param({"client_secret": None}, 401, "invalid_client", 7000218, id="no secret"),
        pytest.param({"client_id": "x"}, 400, "unauthorized_client", 700016, id="an unknown application"),
        pytest.param(
            {"scope": "https://graph.example/.default"}, 400, "invalid_resource", 500011, id="another audience"
        ),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", 70003, id="another grant"),
        pytest.param({"tenant": "other"}, 400, "invalid_request", 90002, id="another tenant"),
    ],
)
def test_everybody_else_is_told_why_in_entras_way(
    ask: Ask, form: dict[str, Any], status: int, error: str, number: int
) -> None:
    reply = ask(**form)
    assert (reply.status, read(reply)["error"]) == (status, error)
    assert read(reply)["error_codes"] == [number]
    assert read(reply)["error_description"].startswith(f"AADSTS{number}: ")
    assert b"secret-1" not in (reply.body or b"")


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        pytest.param({}, None, id="the subject that is known"),
        pytest.param({"sub": "system:serviceaccount:other:operator"}, 700213, id="another subject"),
        pytest.param({"aud": "kubernetes"}, 700212, id="a token for somebody else"),
        pytest.param({"exp": 1}, 700024, id="an old one"),
    ],
)
def test_a_federated_token_is_exchanged_if_it_fits(
    ask: Ask, clock: ManualClock, claims: dict[str, Any], number: int | None
) -> None:
    reply = ask(client_secret=None, client_assertion=assertion(clock, **claims), client_assertion_type=BEARER)
    if number is None:
        assert reply.status == 200
    else:
        assert (reply.status, read(reply)["error_codes"]) == (401, [number])


def test_an_assertion_that_is_no_jwt_is_refused(ask: Ask) -> None:
    reply = ask(client_secret=None, client_assertion="zzz", client_assertion_type=BEARER)
    assert (reply.status, read(reply)["error"]) == (401, "invalid_client")


def test_tokens_expire(identity: Identity, topology: Topology, ask: Ask, clock: ManualClock) -> None:
    headers = {"authorization": f"Bearer {read(ask())['access_token']}"}
    identity.authenticate(topology, headers, BASE)
    clock.step_wall(3600)
    with pytest.raises(ArmError) as refused:
        identity.authenticate(topology, headers, BASE)
    assert (refused.value.status, refused.value.code) == (401, "ExpiredAuthenticationToken")
    assert refused.value.headers["WWW-Authenticate"].startswith(f'Bearer authorization_uri="{BASE}/{TENANT}"')


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param(None, "AuthenticationFailed", id="no header"),
        pytest.param("Basic abc", "AuthenticationFailed", id="another scheme"),
        pytest.param("Bearer abc", "InvalidAuthenticationToken", id="not a JWT"),
    ],
)
def test_no_token_no_entry(identity: Identity, topology: Topology, header: str | None, code: str) -> None:
    with pytest.raises(ArmError) as refused:
        identity.authenticate(topology, {} if header is None else {"authorization": header}, BASE)
    assert (refused.value.status, refused.value.code) == (401, code)
    assert "WWW-Authenticate" in refused.value.headers


def test_tokens_of_others_are_not_taken(
    identity: Identity, topology: Topology, clock: ManualClock, signing_key: RSAPrivateKey
) -> None:
    stranger = Identity(generate_private_key(public_exponent=65537, key_size=2048), clock)
    forged, _ = stranger.issue(topology, topology.principals[0], "https://management.azure.com", BASE)
    with pytest.raises(ArmError, match="InvalidAuthenticationToken"):
        identity.authenticate(topology, {"authorization": f"Bearer {forged}"}, BASE)
    wrong, _ = identity.issue(topology, topology.principals[0], "https://vault.azure.net", BASE)
    with pytest.raises(ArmError, match="InvalidAuthenticationTokenAudience"):
        identity.authenticate(topology, {"authorization": f"Bearer {wrong}"}, BASE)
    unsigned = jwt.encode({"tid": TENANT, "aud": "https://management.azure.com"}, None, algorithm="none")
    with pytest.raises(ArmError, match="InvalidAuthenticationToken"):
        identity.authenticate(topology, {"authorization": f"Bearer {unsigned}"}, BASE)


def test_a_removed_principal_is_out_even_with_a_good_token(identity: Identity, topology: Topology, ask: Ask) -> None:
    headers = {"authorization": f"Bearer {read(ask())['access_token']}"}
    identity.authenticate(topology, headers, BASE)
    with pytest.raises(ArmError, match="InvalidAuthenticationToken"):
        identity.authenticate(topology.model_copy(update={"principals": []}), headers, BASE)


@pytest.mark.parametrize(
    ("header", "resource", "status"),
    [
        pytest.param("header-1", "https://management.azure.com", 200, id="the known header"),
        pytest.param("header-2", "https://management.azure.com", 401, id="an unknown header"),
        pytest.param("", "https://management.azure.com", 401, id="no header"),
        pytest.param("header-1", "https://graph.example", 400, id="another resource"),
    ],
)
def test_the_managed_identity_endpoint(
    identity: Identity, topology: Topology, header: str, resource: str, status: int
) -> None:
    request = Request("GET", "/msi/token", {"resource": resource}, {"x-identity-header": header}, b"", BASE)
    reply, _ = identity.managed_identity(topology, request)
    assert reply.status == status
    if status == 200:
        token = read(reply)["access_token"]
        assert identity.authenticate(topology, {"authorization": f"Bearer {token}"}, BASE).name == "engineer"


def test_published_keys_verify_tokens(identity: Identity, topology: Topology) -> None:
    token, _ = identity.issue(topology, topology.principals[0], "a", BASE)
    [key] = read(identity.keys())["keys"]
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], audience="a", options=options)
    assert claims["oid"] == topology.principals[0].object_id
