"""Who we are to Azure: each way to say it works, and what fails names the identity and not its secret."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from support.fakes.clock import FakeClock
from support.world.simulated_azure import SECRET, SimulatedAzure, connection_id

CLIENT = "33333333-3333-4333-8333-333333333333"


def federated_token(subject: str) -> str:
    claims = {
        "aud": "api://AzureADTokenExchange",
        "sub": subject,
        "iss": "https://kubernetes.test",
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    return jwt.encode(claims, "not-checked-by-the-simulator-but-long-enough", algorithm="HS256")


async def ask(session: ArmSession):
    async with session:
        return await ArmConnections(session).get(connection_id("nobody"))


def token_requests(azure: SimulatedAzure) -> int:
    return sum("/oauth2/v2.0/token" in entry["path"] for entry in azure.journal())


async def test_client_secret(azure: SimulatedAzure):
    assert await ask(azure.session_as("operator")) == Absent()


async def test_token_is_asked_for_once_for_many_requests(azure: SimulatedAzure):
    for _ in range(3):
        await azure.connections.get(connection_id("nobody"))
    assert token_requests(azure) == 1


async def test_workload_identity_reads_its_token_file(azure: SimulatedAzure, tmp_path: Path):
    azure.change(principals=[{"name": "operator", "federatedSubjects": ["system:serviceaccount:vpn:operator"]}])
    token_file = tmp_path / "token"
    token_file.write_text(federated_token("system:serviceaccount:vpn:operator"))
    session = azure.session_as("operator", client_secret="", federated_token_file=str(token_file))
    assert await ask(session) == Absent()


async def test_federated_token_wins_over_a_secret(azure: SimulatedAzure, tmp_path: Path):
    session = azure.session_as("operator", federated_token_file=str(tmp_path / "missing"))
    result = await ask(session)
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNAUTHENTICATED
    assert "workload identity" in result.fault.message


async def test_managed_identity(azure: SimulatedAzure, monkeypatch: pytest.MonkeyPatch):
    azure.change(principals=[{"name": "operator", "managedIdentityHeader": "the-header"}])
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.running.endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "the-header")
    assert await ask(azure.session_as("operator", client_secret="")) == Absent()


async def test_default_chain_only_when_it_is_asked_for(azure: SimulatedAzure, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    monkeypatch.setenv("AZURE_TENANT_ID", azure.settings().tenant_id)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    session = azure.session_as("operator", client_secret="", token_credentials="EnvironmentCredential")
    assert await ask(session) == Absent()


async def test_certificate_that_entra_does_not_know_is_refused_by_name(azure: SimulatedAzure, tmp_path: Path):
    path = tmp_path / "client.pem"
    path.write_bytes(client_certificate())
    result = await ask(azure.session_as("operator", client_secret="", client_certificate_path=str(path)))
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNAUTHENTICATED
    assert f"client certificate {path}" in result.fault.message
    assert token_requests(azure) == 1


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        pytest.param("canary-password\n", 1, id="the password opens the key, and Entra is asked"),
        pytest.param("canary-wrong", 0, id="another password does not"),
        pytest.param(" \n", 0, id="an empty file is said"),
    ],
)
async def test_certificate_with_a_password_in_a_file(azure: SimulatedAzure, tmp_path: Path, written: str, asked: int):
    path, password = tmp_path / "client.pem", tmp_path / "password"
    path.write_bytes(client_certificate("canary-password"))
    password.write_text(written)
    session = azure.session_as(
        "operator",
        client_secret="",
        client_certificate_path=str(path),
        client_certificate_password_file=str(password),
    )

    result = await ask(session)

    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNAUTHENTICATED
    assert "canary" not in result.fault.message
    assert token_requests(azure) == asked
    assert "canary" not in azure.secrets.redact(f"it says {written.strip()}")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"client_secret": "canary-wrong"}, "client secret of application 3333", id="wrong secret"),
        pytest.param({"tenant_id": ""}, "tenant (none)", id="no tenant"),
        pytest.param(
            {"client_secret": "", "client_certificate_path": "/nonexistent"},
            "client certificate /nonexistent",
            id="certificate file missing",
        ),
    ],
)
async def test_failure_names_what_was_tried_without_the_secret(
    azure: SimulatedAzure, changes: dict[str, Any], words: str
):
    result = await ask(azure.session_as("operator", **changes))
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNAUTHENTICATED
    assert words in result.fault.message
    assert "canary" not in result.fault.message


async def test_refusal_is_remembered_for_a_moment_so_that_a_fleet_does_not_storm_the_login_host(azure: SimulatedAzure):
    clock = FakeClock()
    async with azure.session_as("operator", clock=clock, client_secret="canary-wrong") as session:
        connections = ArmConnections(session)
        for _ in range(5):
            await connections.get(connection_id())
        assert token_requests(azure) == 1
        await clock.advance(11)
        await connections.get(connection_id())
        assert token_requests(azure) == 2


async def test_equal_refusals_read_equal(azure: SimulatedAzure):
    results = [await ask(azure.session_as("operator", client_secret="canary-wrong")) for _ in range(2)]
    first, second = (result.fault for result in results if isinstance(result, Unreadable))
    assert first.message == second.message


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param({"action": "reset"}, FaultKind.UNAVAILABLE, id="connection reset"),
        pytest.param({"action": "status", "status": 503}, FaultKind.UNAVAILABLE, id="server error"),
        pytest.param({"action": "status", "status": 429}, FaultKind.THROTTLED, id="throttled"),
        pytest.param({"action": "html"}, FaultKind.UNREADABLE, id="a proxy's page"),
    ],
)
async def test_login_host_in_trouble_is_not_a_wrong_secret(
    azure: SimulatedAzure, fault: dict[str, Any], kind: FaultKind
):
    azure.fault(fault.pop("action"), path="/oauth2/", **fault)
    result = await ask(azure.session_as("operator"))
    assert isinstance(result, Unreadable)
    assert result.fault.kind is kind


async def test_token_that_azure_no_longer_takes_is_replaced_for_the_next_request(azure: SimulatedAzure):
    assert await azure.connections.get(connection_id("nobody")) == Absent()
    azure.fault("status", status=401, code="InvalidAuthenticationToken", count=1)
    refused = await azure.connections.get(connection_id("nobody"))
    again = await azure.connections.get(connection_id("nobody"))
    assert isinstance(refused, Unreadable)
    assert refused.fault.kind is FaultKind.UNAUTHENTICATED
    assert again == Absent()
    assert token_requests(azure) == 2


async def test_wrong_audience_is_unauthenticated(azure: SimulatedAzure):
    result = await ask(azure.session_as("operator", audience="https://other.test"))
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNAUTHENTICATED


def client_certificate(password: str | None = None) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "operator")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return private + certificate.public_bytes(serialization.Encoding.PEM)
