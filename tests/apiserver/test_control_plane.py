import asyncio
import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
import yaml
from kubernetes.aio.client import ApiClient, ApiException, CoreV1Api, CustomObjectsApi, RbacAuthorizationV1Api

from support.sweeps import swept
from workbench.control_plane.__main__ import main
from workbench.control_plane.commands import Ports
from workbench.control_plane.manifests import ManifestError
from workbench.control_plane.plane import ControlPlane, is_detached_running
from workbench.processes import Process, ProcessError
from workbench.rest import ApiError, call

WIDGET_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.workbench.test"},
    "spec": {
        "group": "workbench.test",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [
            {
                "name": version,
                "served": True,
                "storage": version == "v1",
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"size": {"type": "integer", "maximum": 10}}}
                        },
                    }
                },
            }
            for version in ("v1alpha1", "v1")
        ],
    },
}


def a_widget(name: str, size: int) -> dict[str, object]:
    return {"apiVersion": "workbench.test/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": size}}


def a_service_account(name: str, namespace: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}


def listening_port(process: Process, flag: str) -> int:
    arguments = Path(f"/proc/{process.pid}/cmdline").read_text().split("\0")
    return next(int(argument.rsplit(":", 1)[1]) for argument in arguments if argument.startswith(f"{flag}="))


def has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


async def until_not(status: int, request: Callable[[], Awaitable[object]], *, seconds: float = 10) -> None:
    """Repeat the request while the server answers with this status; raises what it answers else, or at last."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await request()
        except ApiException as error:
            if error.status != status or time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(0.05)


def pid_files(directory: Path) -> list[Path]:
    return list(directory.glob("*.pid"))


async def test_says_the_version_that_go_mod_pins(admin: ApiClient) -> None:
    version = await call(admin, "GET", "/version")

    pinned = (Path(__file__).parents[2] / "hack" / "kubernetes" / "go.mod").read_text()
    assert f"k8s.io/kubernetes {version['gitVersion']} " in pinned


async def test_serves_discovery_with_the_groups_the_operator_needs(admin: ApiClient) -> None:
    groups = {group["name"] for group in (await call(admin, "GET", "/apis"))["groups"]}

    assert {"apiextensions.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io", "events.k8s.io"} <= groups


async def test_objects_applied_with_their_crd_are_accepted_at_once(control_plane: ControlPlane, namespace: str) -> None:
    applied = await control_plane.apply_objects(a_widget("w", 3), WIDGET_CRD, namespace=namespace)

    assert [document["kind"] for document in applied] == ["CustomResourceDefinition", "Widget"]
    assert applied[1]["metadata"]["namespace"] == namespace
    assert applied[1]["metadata"]["managedFields"][0]["manager"] == "workbench"


async def test_applying_the_same_again_changes_nothing(control_plane: ControlPlane, namespace: str) -> None:
    first = await control_plane.apply_objects(WIDGET_CRD, a_widget("w", 3), namespace=namespace)
    second = await control_plane.apply_objects(WIDGET_CRD, a_widget("w", 3), namespace=namespace)

    assert first[0]["metadata"]["generation"] == second[0]["metadata"]["generation"], (
        "its status is the server's affair"
    )
    assert first[1] == second[1]


async def test_refused_object_is_named_with_its_file_and_the_servers_words(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    await control_plane.apply_objects(WIDGET_CRD)
    file = tmp_path / "too-big.yaml"
    file.write_text(yaml.safe_dump(a_widget("big", 11)))

    with pytest.raises(ManifestError) as refused:
        await control_plane.apply(file, namespace=namespace)

    assert f"Widget big ({file})" in str(refused.value)
    assert "spec.size" in str(refused.value)


async def test_unknown_kind_is_said_before_anything_is_sent(control_plane: ControlPlane) -> None:
    with pytest.raises(ManifestError, match="no kind Gadget in v1"):
        await control_plane.apply_objects({"apiVersion": "v1", "kind": "Gadget", "metadata": {"name": "g"}})


async def test_service_account_may_do_what_rbac_grants_and_nothing_else(
    control_plane: ControlPlane, namespace: str, admin: ApiClient
) -> None:
    await control_plane.apply_objects(
        a_service_account("reader", namespace),
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "read-config", "namespace": namespace},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "read-config", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "read-config"},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}],
        },
    )
    kubeconfig = await control_plane.service_account_kubeconfig(namespace, "reader")

    async with control_plane.client(kubeconfig) as reader:
        core = CoreV1Api(reader)
        # The authorizer learns of Roles and bindings through watches.
        await until_not(403, lambda: core.list_namespaced_config_map(namespace))
        assert (await core.list_namespaced_config_map(namespace)).items == []
        with pytest.raises(ApiException) as refused:
            await core.list_namespaced_secret(namespace)

    assert refused.value.status == 403
    assert f"system:serviceaccount:{namespace}:reader" in refused.value.body
    assert (await CoreV1Api(admin).list_namespaced_secret(namespace)).items == []


async def test_token_of_a_deleted_service_account_is_void(
    control_plane: ControlPlane, namespace: str, admin: ApiClient
) -> None:
    await control_plane.apply_objects(a_service_account("gone", namespace))
    kubeconfig = await control_plane.service_account_kubeconfig(namespace, "gone", expires_in=dt.timedelta(minutes=10))
    await CoreV1Api(admin).delete_namespaced_service_account("gone", namespace)

    async with control_plane.client(kubeconfig) as gone:
        # The authenticator learns of the deletion through a watch, and keeps a success for ten seconds.
        with pytest.raises(ApiException) as refused:
            await until_not(403, lambda: CoreV1Api(gone).list_namespaced_config_map(namespace), seconds=20)

    assert refused.value.status == 401


async def test_token_for_less_than_ten_minutes_is_refused_by_the_server(
    control_plane: ControlPlane, namespace: str
) -> None:
    await control_plane.apply_objects(a_service_account("hasty", namespace))

    with pytest.raises(ApiError) as refused:
        await control_plane.service_account_kubeconfig(namespace, "hasty", expires_in=dt.timedelta(minutes=1))

    assert refused.value.status == 422


async def test_client_certificate_carries_user_and_group(control_plane: ControlPlane) -> None:
    kubeconfig = control_plane.user_kubeconfig("jane", "network-engineers")

    async with control_plane.client(kubeconfig) as jane:
        review = await call(
            jane,
            "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            body={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        )
        with pytest.raises(ApiException, match="403"):
            await RbacAuthorizationV1Api(jane).list_cluster_role()

    assert review["status"]["userInfo"]["username"] == "jane"
    assert "network-engineers" in review["status"]["userInfo"]["groups"]


async def test_kubeconfig_is_readable_by_its_owner_only(control_plane: ControlPlane) -> None:
    assert control_plane.kubeconfig.stat().st_mode & 0o077 == 0


async def test_restart_of_the_api_server_keeps_address_credentials_and_data(own_control_plane: ControlPlane) -> None:
    await own_control_plane.create_namespace("kept")
    await own_control_plane.apply_objects(a_service_account("kept", "kept"))
    kubeconfig = await own_control_plane.service_account_kubeconfig("kept", "kept")
    before = own_control_plane.url

    await own_control_plane.stop_api_server()
    with pytest.raises(aiohttp.ClientConnectionError):
        async with own_control_plane.client() as down:
            await call(down, "GET", "/readyz")
    await own_control_plane.start_api_server()

    assert own_control_plane.url == before
    async with own_control_plane.client() as up, own_control_plane.client(kubeconfig) as by_token:
        assert (await CoreV1Api(up).read_namespace("kept")).metadata.name == "kept"
        with pytest.raises(ApiException, match="403"):
            await CoreV1Api(by_token).list_namespace()


async def test_api_server_without_etcd_answers_with_an_error_and_recovers(own_control_plane: ControlPlane) -> None:
    await own_control_plane.create_namespace("kept")

    own_control_plane.kill_etcd()
    async with own_control_plane.client() as admin:
        with pytest.raises((ApiError, TimeoutError)):
            await call(admin, "POST", "/api/v1/namespaces", body={"metadata": {"name": "lost"}}, timeout_seconds=3)
    await own_control_plane.start_etcd()

    async with own_control_plane.client() as admin:
        deadline = time.monotonic() + 50
        while time.monotonic() < deadline:
            with suppress(ApiError, TimeoutError):
                await call(admin, "GET", "/api/v1/namespaces/kept", timeout_seconds=1)
                return
            await asyncio.sleep(0.1)
    pytest.fail("the API server did not find etcd again")


async def test_stop_leaves_no_process_even_with_an_open_watch(
    kubernetes_binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    async with ControlPlane(tmp_path, binaries=kubernetes_binaries) as plane, plane.client() as admin:
        watch = await CoreV1Api(admin).list_namespace_without_preload_content(watch=True)
        await watch.content.readline()
        pids = [plane.etcd.pid, plane.api_server.pid]
        await plane.stop()
        watch.close()

    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert pid_files(tmp_path) == []


async def test_two_control_planes_run_side_by_side_and_do_not_know_each_other(
    control_plane: ControlPlane, own_control_plane: ControlPlane
) -> None:
    await own_control_plane.create_namespace("only-here")

    assert own_control_plane.url != control_plane.url
    async with control_plane.client() as other:
        with pytest.raises(ApiException, match="404"):
            await CoreV1Api(other).read_namespace("only-here")
    async with control_plane.client(own_control_plane.kubeconfig) as here:
        assert (await CoreV1Api(here).read_namespace("only-here")).status.phase == "Active"


async def test_audit_log_tells_who_did_what(kubernetes_binaries: Mapping[str, Path], tmp_path: Path) -> None:
    async with ControlPlane(tmp_path, binaries=kubernetes_binaries, audit=True) as plane:
        async with plane.client(plane.user_kubeconfig("jane")) as jane:
            with pytest.raises(ApiException, match="403"):
                await CustomObjectsApi(jane).list_cluster_custom_object("azvpn.dev", "v1alpha1", "vpnconnections")
        await plane.stop()

    assert plane.audit_log is not None
    entries = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    by_jane = [entry for entry in entries if entry["user"]["username"] == "jane"]
    assert [(e["verb"], e["objectRef"]["resource"], e["responseStatus"]["code"]) for e in by_jane] == [
        ("list", "vpnconnections", 403)
    ]


async def test_wrong_flag_is_reported_with_the_end_of_the_log(
    kubernetes_binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    plane = ControlPlane(tmp_path, binaries=kubernetes_binaries, api_server_flags=["--no-such-flag"])

    with pytest.raises(ProcessError, match=r"(?s)kube-apiserver ended with 1 .*unknown flag: --no-such-flag"):
        await plane.start()

    assert plane.etcd.exit_code is not None


@pytest.mark.parametrize("lost", swept(["etcd_client", "etcd_peer", "api_server"]))
async def test_port_lost_to_another_control_plane_is_answered_by_other_ports(
    kubernetes_binaries: Mapping[str, Path],
    control_plane: ControlPlane,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lost: str,
) -> None:
    first, second = Ports.choose(), Ports.choose()
    taken = {
        "etcd_client": listening_port(control_plane.etcd, "--listen-client-urls"),
        "etcd_peer": listening_port(control_plane.etcd, "--listen-peer-urls"),
        "api_server": int(control_plane.url.rsplit(":", 1)[1]),
    }
    choices = iter([dataclasses.replace(first, **{lost: taken[lost]}), second])
    monkeypatch.setattr(Ports, "choose", lambda: next(choices))

    async with ControlPlane(tmp_path, binaries=kubernetes_binaries) as plane:
        assert plane.url.endswith(f":{second.api_server}")
        await plane.create_namespace(f"lost-{lost.replace('_', '-')}")

    async with control_plane.client() as other:
        names = [namespace.metadata.name for namespace in (await CoreV1Api(other).list_namespace()).items]
    assert f"lost-{lost.replace('_', '-')}" not in names


def test_up_leaves_a_running_control_plane_and_down_stops_it(
    kubernetes_binaries: Mapping[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = [sys.executable, "-m", "workbench.control_plane"]
    env = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2] / "hack"),
        "KUBEBUILDER_ASSETS": str(kubernetes_binaries["etcd"].parent),
    }
    command = [*module, "up", "--dir", str(tmp_path)]
    up = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    try:
        assert (up.returncode, up.stdout, up.stderr) == (0, f"export KUBECONFIG={tmp_path / 'kubeconfig'}\n", "")
        assert is_detached_running(tmp_path)

        assert main(["up", "--dir", str(tmp_path)]) == 0
        assert capsys.readouterr().out.startswith("It is running already.\n")
    finally:
        assert main(["down", "--dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Stopped.\n"

    assert not is_detached_running(tmp_path)
    assert main(["down", "--dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"


async def test_next_start_in_the_same_folder_is_empty_and_leaves_nothing_of_the_earlier_one(
    kubernetes_binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    earlier = ControlPlane(tmp_path, binaries=kubernetes_binaries)
    await earlier.start()
    await earlier.create_namespace("earlier")

    async with ControlPlane(tmp_path, binaries=kubernetes_binaries) as plane, plane.client() as admin:
        assert None not in (earlier.etcd.exit_code, earlier.api_server.exit_code)
        with pytest.raises(ApiException, match="404"):
            await CoreV1Api(admin).read_namespace("earlier")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_programs_do_not_outlive_a_killed_starter(kubernetes_binaries: Mapping[str, Path], tmp_path: Path) -> None:
    script = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from workbench.control_plane.plane import ControlPlane\n"
        "async def run():\n"
        "    await ControlPlane(Path(sys.argv[1])).start()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(run())\n"
    )
    env = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2] / "hack"),
        "KUBEBUILDER_ASSETS": str(kubernetes_binaries["etcd"].parent),
    }
    starter = subprocess.run([sys.executable, "-c", script, tmp_path], env=env, timeout=60, check=False)

    assert starter.returncode == -signal.SIGKILL
    pids = [int((tmp_path / f"{name}.pid").read_text()) for name in ("etcd", "kube-apiserver")]
    # The kernel sends them the signal while the starter ends; they run on until they are scheduled and have torn
    # down their memory, and then stay zombies if nobody here reaps orphans.
    deadline = time.monotonic() + 10
    while (alive := [pid for pid in pids if not has_ended(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive == []
