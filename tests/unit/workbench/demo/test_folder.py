import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from workbench.demo.folder import STATUS_PAGE, DemoFolder, DemoRunsError
from workbench.processes import Process

ENVIRONMENT = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": "a secret with 'quotes' and $signs"}


@pytest.fixture
def folder(tmp_path: Path) -> DemoFolder:
    folder = DemoFolder(tmp_path / "demo")
    folder.path.mkdir()
    context = {"name": "workbench", "context": {"cluster": "workbench", "user": "admin", "namespace": "default"}}
    folder.kubeconfig.write_text(yaml.safe_dump({"contexts": [context]}))
    return folder


def test_folder_is_for_one_at_a_time(folder: DemoFolder) -> None:
    with folder.hold(), pytest.raises(DemoRunsError, match="make demo-down"), DemoFolder(folder.path).hold():
        pass


def test_folder_is_free_again_after_use(folder: DemoFolder) -> None:
    with folder.hold():
        pass
    with DemoFolder(folder.path).hold():
        assert not folder.is_running_in_background


def test_only_the_owner_may_look_into_the_folder(folder: DemoFolder) -> None:
    with folder.hold():
        assert folder.path.stat().st_mode & 0o777 == 0o700


def test_shell_reads_the_environment_back(folder: DemoFolder) -> None:
    folder.write_files(environment=ENVIRONMENT, ca=b"certificate", namespace="network")

    script = f'. {folder.env_file}; printf %s "$AZURE_CLIENT_SECRET|$KUBECONFIG|$SSL_CERT_FILE"'
    answer = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert answer.split("|") == [ENVIRONMENT["AZURE_CLIENT_SECRET"], str(folder.kubeconfig), str(folder.ca_file)]


def test_the_address_of_the_status_page_is_known_as_long_as_the_demo_is_there(folder: DemoFolder) -> None:
    assert folder.status_page == ""
    folder.write_files(environment={**ENVIRONMENT, STATUS_PAGE: "http://127.0.0.1:1"}, ca=b"", namespace="network")
    assert folder.status_page == "http://127.0.0.1:1"
    folder.clear()
    assert folder.status_page == ""


def test_files_with_credentials_are_the_owners_alone(folder: DemoFolder) -> None:
    folder.kubeconfig.chmod(0o600)
    folder.write_files(environment=ENVIRONMENT, ca=b"certificate", namespace="network")

    assert {path.stat().st_mode & 0o777 for path in (folder.env_file, folder.kubeconfig)} == {0o600}


def test_kubectl_looks_into_the_samples_namespace(folder: DemoFolder) -> None:
    folder.write_files(environment=ENVIRONMENT, ca=b"certificate", namespace="network")

    contexts = yaml.safe_load(folder.kubeconfig.read_text())["contexts"]
    assert contexts[0]["context"] == {"cluster": "workbench", "user": "admin", "namespace": "network"}


async def test_only_logs_stay_after_the_end(folder: DemoFolder) -> None:
    folder.write_files(environment=ENVIRONMENT, ca=b"certificate", namespace="network")
    (folder.path / "operator.log").write_text("what happened")
    (folder.path / "etcd").mkdir()
    (folder.path / "etcd" / "data").touch()
    (folder.path / "etcd.pid").write_text(f"{os.getpid()}\n")

    assert not await folder.stop()
    assert [path.name for path in folder.path.iterdir()] == ["operator.log"]


async def test_stop_where_no_demo_ever_was(tmp_path: Path) -> None:
    assert not await DemoFolder(tmp_path / "new").stop()


@pytest.mark.slow
async def test_stop_ends_a_demo_in_another_terminal(folder: DemoFolder) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from workbench.demo.folder import DemoFolder\n"
        "with DemoFolder(pathlib.Path(sys.argv[1])).hold():\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    log = folder.path / "holder.log"
    command = [sys.executable, "-c", script, folder.path]
    holder = Process.start("holder", command, log=log, env={"PYTHONPATH": os.pathsep.join(sys.path)})
    try:

        async def is_held() -> bool:
            return log.read_text() == "held\n"

        await holder.wait_until(is_held, timeout_seconds=30)
        with pytest.raises(DemoRunsError, match=f"process {holder.pid}, since"), folder.hold():
            pass

        assert await folder.stop()
        assert holder.exit_code is not None
    finally:
        await holder.stop()
