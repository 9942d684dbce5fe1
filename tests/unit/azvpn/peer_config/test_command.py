"""`peer-config` from the command line to its exit code: from files and from a cluster, and what it does with the shared key."""

import argparse
import base64
import json
import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.azvpn.arguments import peer_config as arguments
from azure_vpn_operator.azvpn.cli import main
from support.builders import a_document
from support.cases.objects import DROP, policy
from support.pages import ROOT

SAMPLE = str(ROOT / "manifests" / "samples" / "site-to-site")
KEY = "Only.for.tests.1"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `peer-config` with these arguments; exit code, output, errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["peer-config", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def written(folder: Path, *documents: Mapping[str, Any]) -> str:
    """A file with these documents (JSON is YAML)."""
    path = folder / "objects.yaml"
    path.write_text("\n---\n".join(json.dumps(document) for document in documents), encoding="utf-8")
    return str(path)


def a_secret(**fields: Any) -> dict[str, Any]:
    metadata = {"name": "site6-key", "namespace": "network"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **fields}


def site6_policy(**changes: Any) -> dict[str, Any]:
    document = policy(**changes)
    document["metadata"] = {"name": "site6", "namespace": "network"}
    return document


def site6(**spec: Any) -> dict[str, Any]:
    return a_document(**{"ipsecPolicyRef": {"name": "site6"}, "sharedKeySecretRef": {"name": "site6-key"}, **spec})


def test_sample_gives_the_how_tos_values(run: Run):
    code, out, err = run("vnet1-to-site6", "--format", "strongswan", "-f", SAMPLE)

    assert (code, err) == (0, "")
    assert "proposals = aes256-sha384-modp2048s256\n" in out
    assert "esp_proposals = aes256-sha256\n" in out
    assert "life_time = 30000s\n" in out


def test_what_the_device_cannot_do_is_said_twice_and_is_exit_code_1(run: Run):
    code, out, err = run("vnet1-to-site6", "--format", "fortigate", "-f", SAMPLE)

    assert code == 1
    assert err == "cannot: FortiGate has no Diffie-Hellman group 24, 2048-bit MODP for IKE\n"
    assert "# CANNOT: FortiGate has no Diffie-Hellman group 24, 2048-bit MODP for IKE\n" in out


def test_notes_are_on_stderr_and_no_failure(run: Run):
    code, out, err = run("vnet1-to-site6", "--format", "cisco-asa", "-f", SAMPLE)

    assert code == 0
    assert err.startswith("note: ASA 9.15 and later have no")
    assert "! NOTE: ASA 9.15 and later have no" in out


def test_key_is_a_placeholder_unless_it_is_asked_for(run: Run):
    _, out, err = run("vnet1-to-site6", "--format", "strongswan", "-f", SAMPLE)

    assert "secret = SHARED_KEY\n" in out
    assert "Demo.Site6" not in out + err


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"stringData": {"sharedKey": KEY}}, id="as people write it"),
        pytest.param({"data": {"sharedKey": base64.b64encode(KEY.encode()).decode()}}, id="as the API server shows it"),
    ],
)
def test_key_is_shown_with_a_warning(run: Run, tmp_path: Path, fields: dict[str, Any]):
    file = written(tmp_path, site6(), site6_policy(), a_secret(**fields))

    code, out, err = run("vnet1-to-site6", "--format", "strongswan", "-f", file, "--show-key")

    assert code == 0
    assert f'secret = "{KEY}"\n' in out
    assert err == "warning: the output has the shared key in clear: keep it from logs, tickets and repositories\n"


@pytest.mark.parametrize(
    ("documents", "says"),
    [
        pytest.param([site6(), site6_policy()], "Secret site6-key: was not found", id="no Secret"),
        pytest.param(
            [site6(), site6_policy(), a_secret(stringData={"other": KEY})],
            "Secret site6-key: has no entry sharedKey",
            id="another entry",
        ),
        pytest.param(
            [site6(), site6_policy(), a_secret(data={"sharedKey": f"{KEY}!"})],
            "Secret site6-key: has no entry sharedKey",
            id="not base64",
        ),
        pytest.param(
            [site6(), site6_policy(), a_secret(stringData={"sharedKey": f"{KEY}-"})],
            "Secret site6-key: the shared key must have 1 to 128",
            id="a key that Azure refuses",
        ),
        pytest.param(
            [site6(sharedKeySecretRef=DROP), site6_policy()], "VpnConnection vnet1-to-site6: names no Secret", id="none"
        ),
    ],
)
def test_a_key_that_cannot_be_shown_fails_without_any_of_it(
    run: Run, tmp_path: Path, documents: list[dict[str, Any]], says: str
):
    file = written(tmp_path, *documents)

    code, out, err = run("vnet1-to-site6", "--format", "strongswan", "-f", file, "--show-key")

    assert (code, out) == (2, "")
    assert says in err
    assert KEY not in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["no-such", "-f", SAMPLE], "VpnConnection no-such: was not found", id="no such connection"),
        pytest.param(["vnet1-to-site6", "-f", "no-such-file"], "no-such-file: cannot be read", id="no such file"),
        pytest.param(
            ["vnet1-vnet3", "-f", str(ROOT / "manifests" / "samples" / "vnet-to-vnet")],
            "VpnConnection vnet1-vnet3: its other end is an Azure VPN gateway",
            id="no device at the other end",
        ),
        pytest.param(
            ["vnet1-to-site6", "-f", SAMPLE, "-f", f"{SAMPLE}/vpn-connection.yaml"],
            "VpnConnection vnet1-to-site6: the files have 2 of it",
            id="the same object twice",
        ),
    ],
)
def test_what_cannot_be_answered_is_exit_code_2(run: Run, arguments: list[str], says: str):
    code, out, err = run(*arguments, "--format", "table")

    assert (code, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(
    ("documents", "says"),
    [
        pytest.param(
            [site6(dpdTimeoutSeconds=5), site6_policy()],
            "VpnConnection vnet1-to-site6: spec.dpdTimeoutSeconds: must be at least 9",
            id="connection",
        ),
        pytest.param(
            [site6(), site6_policy(ipsecIntegrity="GCMAES256")],
            "IpsecPolicy site6: spec.ipsecIntegrity: `ipsecEncryption` and",
            id="policy",
        ),
        pytest.param([site6()], "IpsecPolicy site6 was not found", id="no policy"),
    ],
)
def test_an_object_that_breaks_a_rule_is_not_worked_with(
    run: Run, tmp_path: Path, documents: list[dict[str, Any]], says: str
):
    code, _, err = run("vnet1-to-site6", "--format", "table", "-f", written(tmp_path, *documents))

    assert code == 2
    assert says in err


def test_a_file_that_is_no_yaml_is_named_and_not_quoted(run: Run, tmp_path: Path):
    path = tmp_path / "broken.yaml"
    path.write_text(f"stringData:\n  sharedKey: [{KEY}\n", encoding="utf-8")

    code, _, err = run("vnet1-to-site6", "--format", "table", "-f", str(path))

    assert code == 2
    assert f"{path}: is not YAML near line" in err
    assert KEY not in err


def test_lists_and_folders_are_read(run: Run, tmp_path: Path):
    written(tmp_path, {"kind": "List", "items": [site6(), site6_policy()]})

    code, out, _ = run("vnet1-to-site6", "--format", "table", "-f", str(tmp_path), "--namespace", "network")

    assert code == 0
    assert "AES-CBC-256" in out


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--azure-address", "gateway"), ("--peer-prefix", "10.0.0.0/33"), ("--azure-asn", "0"), ("--format", "unknown")],
)
def test_a_flag_with_a_wrong_value_is_refused(flag: str, value: str):
    with pytest.raises(SystemExit) as ended:
        main(["peer-config", "vnet1-to-site6", "--format", "table", flag, value])

    assert ended.value.code == 2


def test_help_lists_the_formats_and_its_examples_work(run: Run, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["peer-config", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "one of strongswan, cisco-ios-xe, cisco-asa, fortigate, juniper-srx, pfsense, vyos, mikrotik" in text
    parser = argparse.ArgumentParser()
    arguments.add_arguments(parser)
    for line in arguments.EXAMPLES.splitlines():
        assert parser.parse_args(line.split()[3:]).name == "vnet1-to-site6"


KUBECTL = """#!{python}
import json, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(arguments) + "\\n")
objects = json.load(open({objects!r}))
found = objects.get(arguments[1] + "/" + arguments[2])
if found is None:
    sys.exit('Error from server (NotFound): ' + arguments[1] + ' "' + arguments[2] + '" not found')
print(json.dumps(found))
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A kubectl that knows some objects and notes how it was called; returns the note."""

    def make(**objects: Mapping[str, Any]) -> Path:
        names = {"connection": "vpnconnections.azvpn.dev/vnet1-to-site6", "policy": "ipsecpolicies.azvpn.dev/site6"}
        known = {names.get(name, "secrets/site6-key"): document for name, document in objects.items()}
        (tmp_path / "objects.json").write_text(json.dumps(known))
        program, log = tmp_path / "kubectl", tmp_path / "calls"
        program.write_text(KUBECTL.format(python=sys.executable, log=str(log), objects=str(tmp_path / "objects.json")))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return log

    return make


def test_cluster_is_read_with_the_users_kubectl(run: Run, cluster: Callable[..., Path]):
    log = cluster(connection=site6(), policy=site6_policy(), secret=a_secret(stringData={"sharedKey": KEY}))

    code, out, _ = run("vnet1-to-site6", "-n", "network", "--format", "strongswan", "--show-key")

    assert code == 0
    assert f'secret = "{KEY}"' in out
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    assert [call[:3] for call in calls] == [
        ["get", "vpnconnections.azvpn.dev", "vnet1-to-site6"],
        ["get", "ipsecpolicies.azvpn.dev", "site6"],
        ["get", "secrets", "site6-key"],
    ]
    assert all("--namespace=network" in call for call in calls)


def test_secret_is_not_even_read_unless_the_key_is_asked_for(run: Run, cluster: Callable[..., Path]):
    log = cluster(connection=site6(), policy=site6_policy())

    assert run("vnet1-to-site6", "--format", "table")[0] == 0
    assert "secrets" not in log.read_text()


def test_what_the_cluster_has_not_got_is_said(run: Run, cluster: Callable[..., Path]):
    cluster(connection=site6())

    code, _, err = run("vnet1-to-site6", "--format", "table")

    assert code == 2
    assert "IpsecPolicy site6 was not found" in err


def test_without_a_cluster_kubectls_own_words_are_passed_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\necho 'the server is not there' >&2\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    code, _, err = run("vnet1-to-site6", "--format", "table")

    assert code == 2
    assert "the server is not there" in err
