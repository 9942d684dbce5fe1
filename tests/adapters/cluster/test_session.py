"""How we find the API server, what happens when it does not answer, and how a new token is noticed."""

import asyncio
import datetime as dt
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.cluster.objects import ClusterObjects
from azure_vpn_operator.cluster.secret_reader import ClusterSecrets
from azure_vpn_operator.cluster.session import ClusterSession, Reply
from azure_vpn_operator.cluster.settings import ClusterSettings, NoClusterError
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Unreadable
from azure_vpn_operator.ports import PAGES_EXPIRED
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from support.fakes.clock import FakeClock
from support.fakes.scripted_server import ScriptedServer, scripted_server
from support.world.listing import list_all
from support.world.operator_access import RecordedRequests
from workbench.control_plane.pki import Authority
from workbench.control_plane.plane import ControlPlane

VERSION = ("version",)
KINDS = ("apis", "azvpn.dev", "v1alpha1", "ipsecpolicies")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def pod_of(server: ScriptedServer) -> ClusterSettings:
    """What a pod finds whose API server is the scripted one."""
    (server.ca_file.parent / "token").write_text("token")
    host, _, port = server.url.removeprefix("https://").partition(":")
    return ClusterSettings(service_host=host, service_port=port, service_account_folder=str(server.ca_file.parent))


def user_of(kubeconfig: Path) -> dict:
    return yaml.safe_load(read(kubeconfig))["users"][0]["user"]


@pytest.fixture
def pod(kubeconfig: Path, control_plane: ControlPlane, tmp_path: Path) -> ClusterSettings:
    """What a pod of the operator finds: its ServiceAccount's folder, host and port."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(user_of(kubeconfig)["token"] + "\n")
    (folder / "ca.crt").write_bytes(control_plane.ca_file.read_bytes())
    host, _, port = control_plane.url.removeprefix("https://").partition(":")
    return ClusterSettings(service_host=host, service_port=port, service_account_folder=str(folder))


async def test_pod_reaches_the_server_by_its_service_account(pod: ClusterSettings):
    async with ClusterSession(pod, clock=SystemClock()) as session:
        assert isinstance(await session.request("GET", KINDS), Reply)
        facts = await session.connection_facts()
    assert facts.server == f"https://{pod.service_host}:{pod.service_port}"
    assert facts.ca_path == f"{pod.service_account_folder}/ca.crt"
    assert facts.authorization.startswith("Bearer ey")
    assert facts.token not in repr(facts)


async def test_replaced_token_of_a_pod_is_read_within_a_minute(pod: ClusterSettings, requests: RecordedRequests):
    clock = FakeClock()
    token = Path(pod.service_account_folder) / "token"
    good = token.read_text()
    async with ClusterSession(pod, clock=clock, observer=requests) as session:
        await session.request("GET", KINDS)
        token.write_text("expired")
        assert isinstance(await session.request("GET", KINDS), Reply)
        await clock.advance(61)
        refused = await session.request("GET", KINDS)
        assert isinstance(refused, Fault)
        assert refused.kind is FaultKind.UNAUTHENTICATED
        token.write_text(good)
        assert isinstance(await session.request("GET", KINDS), Reply)
    assert [code for _, _, code in requests.seen] == [200, 200, 401, 401, 200]


async def test_kubeconfig_with_new_credentials_is_read_again_after_a_refusal(
    kubeconfig: Path, requests: RecordedRequests, tmp_path: Path
):
    good = read(kubeconfig)
    changing = tmp_path / "changing"
    document = yaml.safe_load(good)
    document["users"][0]["user"] = {"token": "expired"}
    changing.write_text(yaml.safe_dump(document))
    async with ClusterSession(
        ClusterSettings(kubeconfig=str(changing)), clock=SystemClock(), observer=requests
    ) as session:
        assert isinstance(await session.request("GET", KINDS), Fault)
        changing.write_text(good)
        assert isinstance(await session.request("GET", KINDS), Reply)
    assert [code for _, _, code in requests.seen] == [401, 401, 200]


async def test_client_certificate_of_a_kubeconfig_is_used(control_plane: ControlPlane):
    async with ClusterSession(
        ClusterSettings(kubeconfig=str(control_plane.kubeconfig)), clock=SystemClock()
    ) as session:
        facts = await session.connection_facts()
        assert isinstance(await session.request("GET", VERSION), Reply)
    assert facts.authorization is None
    assert facts.certificate_path is not None
    assert facts.private_key_path is not None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"service_host": ""}, "KUBERNETES_SERVICE_HOST", id="not in a pod and no kubeconfig"),
        pytest.param(
            {"service_host": "10.0.0.1", "service_account_folder": "/nonexistent"},
            "/nonexistent/token",
            id="a pod without a token",
        ),
        pytest.param({"kubeconfig": "/nonexistent"}, "kube-config", id="a kubeconfig that is not there"),
    ],
)
async def test_missing_configuration_is_said_to_a_login_and_is_a_fault_to_a_request(
    changes: dict[str, Any], words: str
):
    async with ClusterSession(ClusterSettings(**changes), clock=SystemClock()) as session:
        with pytest.raises(NoClusterError, match=words):
            await session.connection_facts()
        result = await session.request("GET", VERSION)
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNAUTHENTICATED


async def test_unreadable_kubeconfig_is_said(tmp_path: Path):
    (tmp_path / "config").write_text("{ not yaml")
    async with ClusterSession(ClusterSettings(kubeconfig=str(tmp_path / "config")), clock=SystemClock()) as session:
        with pytest.raises(NoClusterError):
            await session.connection_facts()


def wait_until_stopped(pid: int) -> None:
    """Return once each thread of the process has stopped: the signal takes a moment to reach them."""
    threads = Path(f"/proc/{pid}/task")
    while threads.exists():
        stats = [(thread / "stat").read_text() for thread in threads.iterdir()]
        if all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats):
            return
        time.sleep(0.01)


async def test_server_that_hangs_costs_the_time_limit_and_no_more(
    own_control_plane: ControlPlane, requests: RecordedRequests
):
    settings = ClusterSettings(kubeconfig=str(own_control_plane.kubeconfig), request_timeout=0.5)
    async with ClusterSession(settings, clock=SystemClock(), observer=requests) as session:
        assert isinstance(await session.request("GET", VERSION), Reply)
        own_control_plane.api_server.send_signal(signal.SIGSTOP)
        wait_until_stopped(own_control_plane.api_server.pid)
        started = time.monotonic()
        hanging = await session.request("GET", VERSION)
        own_control_plane.api_server.send_signal(signal.SIGCONT)
        assert isinstance(hanging, Fault)
        assert (hanging.kind, hanging.code) == (FaultKind.UNAVAILABLE, "Timeout")
        assert time.monotonic() - started < 5
        await own_control_plane.stop_api_server()
        stopped = await list_all(ClusterObjects(session))
        assert isinstance(stopped, Fault)
        assert stopped.kind is FaultKind.UNAVAILABLE
    assert [code for _, _, code in requests.seen] == [200, "Timeout", "ConnectionFailed"]


async def test_closing_ends_calls_that_are_under_way(tmp_path: Path):
    async with scripted_server(tmp_path) as server:
        session = ClusterSession(pod_of(server), clock=SystemClock())
        server.say_nothing()
        task = asyncio.create_task(session.request("GET", VERSION))
        await server.was_asked.wait()
        await session.close()
        result = await asyncio.wait_for(task, timeout=5)
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNAVAILABLE


async def test_server_that_we_cannot_trust_gets_nothing(
    control_plane: ControlPlane, pod: ClusterSettings, tmp_path: Path
):
    other = Authority()
    (Path(pod.service_account_folder) / "ca.crt").write_bytes(other.certificate)
    async with ClusterSession(pod, clock=SystemClock()) as session:
        result = await session.request("GET", KINDS)
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNAVAILABLE


async def test_closed_session_says_so(kubeconfig: Path):
    session = ClusterSession(ClusterSettings(kubeconfig=str(kubeconfig)), clock=SystemClock())
    await session.request("GET", KINDS)
    await session.close()
    result = await session.request("GET", KINDS)
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.UNAVAILABLE, "Closed")


async def test_requests_are_reported_with_method_host_and_code(
    session: ClusterSession, requests: RecordedRequests, control_plane: ControlPlane
):
    await session.request("GET", KINDS)
    await session.request("GET", ("api", "v1", "secrets"))
    host = control_plane.url.removeprefix("https://")
    assert requests.seen == [("GET", host, 200), ("GET", host, 403)]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(200, "<html></html>", FaultKind.UNREADABLE, id="a page instead of JSON"),
        pytest.param(200, "[]", FaultKind.UNREADABLE, id="a list"),
        pytest.param(200, "", FaultKind.UNREADABLE, id="nothing"),
        pytest.param(404, "<html></html>", FaultKind.UNREADABLE, id="a proxy's 404 is not a missing object"),
        pytest.param(409, "{}", FaultKind.UNREADABLE, id="a conflict that is not the API server's"),
        pytest.param(503, "overloaded", FaultKind.UNAVAILABLE, id="a load balancer's 503"),
        pytest.param(429, "", FaultKind.THROTTLED, id="too many requests"),
        pytest.param(302, "", FaultKind.UNREADABLE, id="a redirect to nowhere"),
    ],
)
async def test_answers_that_no_api_server_gives(tmp_path: Path, status: int, body: str, kind: FaultKind):
    async with scripted_server(tmp_path) as server, ClusterSession(pod_of(server), clock=SystemClock()) as session:
        server.say(status, text=body, Retry_After="7")
        result = await session.request("GET", VERSION)
    assert isinstance(result, Fault)
    assert result.kind is kind
    if kind is FaultKind.THROTTLED:
        assert result.retry_after == 7.0


async def test_short_lived_token_is_one_of_the_shipped_account(
    control_plane: ControlPlane, kubeconfig: Path, namespace: str
):
    renewed = await control_plane.service_account_kubeconfig(
        namespace, "azure-vpn-operator", expires_in=dt.timedelta(minutes=10)
    )
    async with ClusterSession(ClusterSettings(kubeconfig=str(renewed)), clock=SystemClock()) as session:
        assert isinstance(await session.request("GET", KINDS), Reply)


async def test_list_whose_pages_expired_says_so(tmp_path: Path):
    page = {"metadata": {"resourceVersion": "1", "continue": "more"}, "items": [{"metadata": {"name": "old"}}]}
    expired = {"kind": "Status", "reason": "Expired", "code": 410, "message": "too old"}
    async with scripted_server(tmp_path) as server, ClusterSession(pod_of(server), clock=SystemClock()) as session:
        server.say(200, page)
        server.say(410, expired)
        result = await list_all(ClusterObjects(session))
    assert isinstance(result, Fault)
    assert result.code == PAGES_EXPIRED


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"items": {}, "metadata": {}}, id="items that are no list"),
        pytest.param({"items": []}, id="no metadata"),
    ],
)
async def test_list_of_wrong_types_is_unreadable(tmp_path: Path, document: Any):
    async with scripted_server(tmp_path) as server, ClusterSession(pod_of(server), clock=SystemClock()) as session:
        server.say(200, document)
        result = await list_all(ClusterObjects(session))
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNREADABLE


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"metadata": {}, "data": ["x"]}, id="data that is no object"),
        pytest.param({"metadata": {}, "data": {"k": "not base64!"}}, id="a value that is not base64"),
        pytest.param({"metadata": {}, "data": {"k": 7}}, id="a value that is no text"),
        pytest.param({"data": {}}, id="no metadata"),
    ],
)
async def test_secret_of_wrong_types_is_unreadable(tmp_path: Path, document: Any):
    async with scripted_server(tmp_path) as server, ClusterSession(pod_of(server), clock=SystemClock()) as session:
        server.say(200, document)
        result = await ClusterSecrets(session, secrets=SecretRegistry()).read("n", "s", "k")
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNREADABLE
