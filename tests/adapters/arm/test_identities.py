"""Two namespaces, two principals with different rights, one simulated Azure: the journal shows who did what."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.app.arm_identities import RETIRE_AFTER_SECONDS, ArmIdentities, settings_as
from azure_vpn_operator.app.core import Core, Ports
from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.domain.access import AccessRules, Identity, NamespaceEntry
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.runtime.fence import NoFence
from azure_vpn_operator.telemetry.metrics import Metrics
from support.fakes.clock import FakeClock
from support.fakes.cluster import FakeCluster
from support.world.core import CONNECTION
from support.world.simulated_azure import GROUP, KEY, SECRET, SUBSCRIPTION, SimulatedAzure, connection_id


def identity_of(azure: SimulatedAzure, principal: str, folder: Path) -> Identity:
    settings = azure.settings(principal)
    path = folder / principal
    path.write_text(f"{SECRET}\n")
    return Identity(principal, settings.tenant_id, settings.client_id, client_secret_file=str(path))


class Sessions:
    def __init__(self, azure: SimulatedAzure, clock: Any = None) -> None:
        self.azure = azure
        self.clock = clock or SystemClock()
        self.made: list[str] = []
        self.identities = ArmIdentities(azure.settings("operator"), self.clock, self._make, NoFence())

    def _make(self, settings: ArmSettings, identity: Identity) -> ArmSession:
        self.made.append(identity.name)
        return ArmSession(settings, clock=SystemClock(), secrets=self.azure.secrets)


@pytest.fixture
async def sessions(azure: SimulatedAzure) -> AsyncIterator[Sessions]:
    made = Sessions(azure)
    yield made
    await made.identities.close()


def principals(azure: SimulatedAzure, method: str | None = None) -> set[str]:
    return {
        str(entry["principal"])
        for entry in azure.journal()
        if entry["path"].startswith("/subscriptions/") and method in (None, entry["method"])
    }


async def until(azure: SimulatedAzure, reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():
            azure.clock.step(30)
            await asyncio.sleep(0.05)


async def test_each_namespace_acts_as_its_principal_and_with_nothing_but_its_rights(
    azure: SimulatedAzure, sessions: Sessions, tmp_path: Path
):
    cluster = FakeCluster(SystemClock())
    rules = AccessRules(
        (
            NamespaceEntry(names=("writers",), identity=identity_of(azure, "keyless", tmp_path)),
            NamespaceEntry(names=("readers",), identity=identity_of(azure, "reader", tmp_path)),
        ),
    )
    ports = Ports(
        connections=azure.connections,
        gateways=azure.gateways,
        objects=cluster,
        secrets=cluster,
        digest_keys=cluster,
        events=cluster,
        as_identity=sessions.identities.ports_of,
    )
    settings = Settings(installation_id="it", recent_interval=1, status_interval=1)
    environment = Environment(azure_subscription_id=SUBSCRIPTION)
    core = Core(settings, environment, ports, SystemClock(), Metrics(version="test"), rules)
    for namespace in ("writers", "readers", "nobody"):
        cluster.put_secret(namespace, "keys", sharedKey=KEY.encode())
        spec = {
            "azureName": f"of-{namespace}",
            "resourceGroup": GROUP,
            "virtualNetworkGateway": {"name": "GW1" if namespace == "writers" else "GW2"},
            "localNetworkGateway": {"name": "Site6"},
            "sharedKeySecretRef": {"name": "keys"},
        }
        cluster.create(CONNECTION, namespace, "site", spec)
    await core.fill()
    work = [asyncio.ensure_future(worker.run()) for worker in core.workers]

    def reason(namespace: str) -> str | None:
        conditions = cluster.documents[CONNECTION, namespace, "site"]["status"].get("conditions")
        return str(conditions[0]["reason"]) if conditions else None

    expected = {"writers": "UpToDate", "readers": "AzureForbidden", "nobody": "NotAllowed"}
    try:
        await until(azure, lambda: {name: reason(name) for name in expected} == expected)
    finally:
        core.queue.shutdown()
        await asyncio.gather(*work)

    assert principals(azure) == {"keyless", "reader"}
    by_name = {
        entry["path"].rsplit("/", 1)[-1]: (entry["principal"], entry["status"])
        for entry in azure.journal()
        if entry["method"] == "PUT"
    }
    assert by_name == {"of-writers": ("keyless", 201), "of-readers": ("reader", 403)}
    assert SECRET not in str(azure.journal())


async def test_a_session_is_opened_when_it_is_first_needed_and_once(
    azure: SimulatedAzure, sessions: Sessions, tmp_path: Path
):
    reader, keyless = identity_of(azure, "reader", tmp_path), identity_of(azure, "keyless", tmp_path)
    for _ in range(2):
        connections, *_ = sessions.identities.ports_of(reader)
        assert await connections.get(connection_id("nobody")) == Absent()
    assert sessions.made == ["reader"]
    connections, *_ = sessions.identities.ports_of(keyless)
    assert await connections.get(connection_id("nobody")) == Absent()
    assert principals(azure) == {"reader", "keyless"}


async def test_a_session_that_is_no_longer_wanted_finishes_its_calls_and_is_closed_later(
    azure: SimulatedAzure, tmp_path: Path
):
    clock = FakeClock()
    sessions = Sessions(azure, clock)
    reader = identity_of(azure, "reader", tmp_path)
    connections, *_ = sessions.identities.ports_of(reader)
    sessions.identities.keep_only(frozenset())
    await sessions.identities.close_retired()
    assert await connections.get(connection_id("nobody")) == Absent()
    await clock.advance(RETIRE_AFTER_SECONDS)
    await sessions.identities.close_retired()
    closed = await connections.get(connection_id("nobody"))
    assert isinstance(closed, Unreadable)
    assert closed.fault.code == "Closed"
    sessions.identities.ports_of(reader)
    assert sessions.made == ["reader", "reader"]
    await sessions.identities.close()


async def test_a_replaced_secret_file_is_read_at_the_next_login(azure: SimulatedAzure, tmp_path: Path):
    path = tmp_path / "secret"
    path.write_text("canary-old-secret")
    clock = FakeClock()
    settings = azure.settings("operator", client_secret="", client_secret_file=str(path))
    async with ArmSession(settings, clock=clock, secrets=azure.secrets) as session:
        connections = azure.connections.__class__(session)
        refused = await connections.get(connection_id("nobody"))
        assert isinstance(refused, Unreadable)
        assert refused.fault.kind is FaultKind.UNAUTHENTICATED
        assert str(path) in refused.fault.message
        assert "canary" not in refused.fault.message
        assert "canary" not in azure.secrets.redact("the canary-old-secret")
        path.write_text(f"{SECRET}\n")
        await clock.advance(11)
        assert await connections.get(connection_id("nobody")) == Absent()


@pytest.mark.parametrize("content", [None, "", " \n"], ids=["missing", "empty", "blank"])
async def test_a_secret_file_without_a_secret_is_said_by_its_name(
    azure: SimulatedAzure, tmp_path: Path, content: str | None
):
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
    settings = azure.settings("operator", client_secret="", client_secret_file=str(path))
    async with ArmSession(settings, clock=SystemClock(), secrets=azure.secrets) as session:
        result = await azure.connections.__class__(session).get(connection_id("nobody"))
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNAUTHENTICATED
    assert str(path) in result.fault.message


def test_an_identity_takes_the_operators_addresses_and_nothing_of_its_login():
    own = ArmSettings(
        tenant_id="t",
        client_id="c",
        client_secret="s",
        client_certificate_path="/c",
        client_certificate_password="p",
        federated_token_file="/f",
        token_credentials="dev",
        ca_file="/ca",
        https_proxy="https://proxy",
    )
    found = settings_as(own, Identity("red", "T", "C", certificate_file="/red", certificate_password_file="/p"))
    assert (found.tenant_id, found.client_id, found.client_certificate_path) == ("T", "C", "/red")
    assert found.client_certificate_password_file == "/p"
    assert (found.ca_file, found.https_proxy, found.endpoint) == ("/ca", "https://proxy", own.endpoint)
    assert {found.client_secret, found.client_secret_file, found.client_certificate_password} == {""}
    assert {found.federated_token_file, found.token_credentials} == {""}
