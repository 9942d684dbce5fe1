"""The program: it says when it is ready, stops at once, and keeps its certificates."""

import contextlib
import datetime as dt
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from trustme import CA

from azure_vpn_simulator.certificates import Certificates
from azure_vpn_simulator.cli import main

Start = Callable[..., tuple["subprocess.Popen[str]", dict[str, Any]]]


@pytest.fixture
def start(tmp_path: Path, state_dir: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def begin(*flags: str, **environment: str) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
        ready = tmp_path / "ready.json"
        command = [sys.executable, "-m", "azure_vpn_simulator", "serve", "--state-dir", str(state_dir)]
        command += ["--ready-file", str(ready), *flags]
        process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)
        running.append(process)
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process, json.loads(ready.read_text())

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_at_once_even_with_a_request_that_hangs(start: Start, number: int) -> None:
    process, ready = start("--topology", "demo", "--control", "127.0.0.1:0")
    hang = json.dumps({"action": "hang", "match": {"pathRegex": "/subscriptions"}}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{ready['controlUrl']}/faults", hang)) as created:
        assert created.status == 201
    assert ready["pid"] == process.pid
    assert ready["authority"] == ready["endpoint"]
    host, port = ready["endpoint"].removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=ready["caFile"])
    with socket.create_connection((host, int(port))) as raw, context.wrap_socket(raw, server_hostname=host) as client:
        client.sendall(b"GET /metadata/endpoints HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET /subscriptions HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        before = time.monotonic()
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
        assert time.monotonic() - before < 5, "it waits for nobody; a busy machine needs a moment all the same"
    assert process.returncode == 0
    assert "Demo." not in said
    assert "stopping" in said


def test_a_ready_file_that_was_left_behind_does_not_count(tmp_path: Path, state_dir: Path) -> None:
    left = tmp_path / "ready.json"
    left.write_text("{}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flags = ["--topology", "demo", "--state-dir", str(state_dir), "--ready-file", str(left)]
        assert main(["serve", *flags, "--port", str(taken.getsockname()[1])]) == 1
    assert not left.exists()


@pytest.mark.slow
def test_flags_can_be_environment_variables(start: Start) -> None:
    names = "simulator.azvpn.svc, 10.0.0.9"
    _, ready = start(
        AZURE_VPN_SIMULATOR_TOPOLOGY="demo",
        AZURE_VPN_SIMULATOR_CONTROL="127.0.0.1:0",
        AZURE_VPN_SIMULATOR_TIME_SCALE="60",
        AZURE_VPN_SIMULATOR_NAMES=names,
    )
    with urllib.request.urlopen(f"{ready['controlUrl']}/clock") as clock:
        assert json.load(clock)["scale"] == 60
    port = int(ready["endpoint"].rpartition(":")[2])
    context = ssl.create_default_context(cafile=ready["caFile"])
    for name in names.split(", "):
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            context.wrap_socket(raw, server_hostname=name) as tls,
        ):
            assert tls.version() == "TLSv1.3"


def test_a_broken_certificate_is_told_rather_than_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Certificates(tmp_path, ["127.0.0.1"])
    (tmp_path / "ca.crt").write_text("none")
    assert main(["serve", "--topology", "demo", "--state-dir", str(tmp_path)]) == 1
    assert "cannot serve" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(["--topology", "demo", "--control", "0.0.0.0:1"], id="control on all interfaces"),
        pytest.param(["--topology", "demo", "--control", "8080"], id="an address without a host"),
        pytest.param(["--topology", "demo", "--time-scale", "0"], id="time that stands still"),
        pytest.param(["--topology", "demo", "--port", "70000"], id="a port that is none"),
        pytest.param([], id="no topology"),
    ],
)
def test_bad_flags_are_refused(flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--state-dir", str(tmp_path), *flags])
    assert end.value.code == 2
    assert "error" in capsys.readouterr().err


def test_a_bad_topology_is_told_with_file_and_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("tenantId: 11111111-1111-4111-8111-111111111111\nsubscriptions: [{id: 1}]\n")
    assert main(["serve", "--state-dir", str(tmp_path), "--topology", str(file)]) == 2
    assert "t.yaml: subscriptions[0].id" in capsys.readouterr().err


def test_a_port_in_use_ends_with_the_reason(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["serve", "--topology", "demo", "--state-dir", str(state_dir), "--port", port]) == 1
    assert "cannot serve" in capsys.readouterr().err


def test_certificates_and_keys_are_used_again_and_private(tmp_path: Path) -> None:
    names = ["localhost", "127.0.0.1"]
    first = Certificates(tmp_path, names)
    key = first.token_key()
    before = {f.name: f.read_bytes() for f in tmp_path.iterdir()}
    again = Certificates(tmp_path, names)
    assert again.token_key().private_numbers() == key.private_numbers()
    assert {f.name: f.read_bytes() for f in tmp_path.iterdir()} == before
    assert {f.name for f in tmp_path.iterdir() if f.stat().st_mode & 0o077 == 0} == {
        "ca.key",
        "server.key",
        "token.key",
    }


def test_a_new_host_name_gets_a_new_server_certificate_of_the_same_authority(tmp_path: Path) -> None:
    Certificates(tmp_path, ["127.0.0.1"])
    authority, server = (tmp_path / "ca.crt").read_bytes(), (tmp_path / "server.crt").read_bytes()
    Certificates(tmp_path, ["127.0.0.1", "simulator.azvpn.svc"])
    assert (tmp_path / "ca.crt").read_bytes() == authority
    assert (tmp_path / "server.crt").read_bytes() != server


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Let a client that asks for a name talk to a server, in memory; SSLError if it does not like the certificate."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(down, up, server_hostname=name),
        server.wrap_bio(up, down, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    ends[0].do_handshake()


def test_strict_clients_take_the_certificate_for_each_of_its_names_and_no_other(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path, ["127.0.0.1", "::1", "simulator.azvpn.svc"])
    client = ssl.create_default_context(cafile=certificates.ca_file)
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python does by itself from 3.13 on
    for name in ("127.0.0.1", "::1", "simulator.azvpn.svc"):
        handshake(client, certificates.server_context(), name)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(client, certificates.server_context(), "simulator.other.svc")

    authority = x509.load_pem_x509_certificate(certificates.ca_file.read_bytes())
    server = x509.load_pem_x509_certificate((tmp_path / "server.crt").read_bytes())
    limit = dt.timedelta(days=397)
    assert server.not_valid_after_utc - server.not_valid_before_utc <= limit, "the most that browsers take"
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_a_server_certificate_in_its_last_month_is_made_anew_by_the_same_authority(tmp_path: Path) -> None:
    Certificates(tmp_path, ["127.0.0.1"])
    authority = (tmp_path / "ca.crt").read_bytes()
    old = CA.from_pem(authority, (tmp_path / "ca.key").read_bytes()).issue_cert(
        "127.0.0.1", not_after=dt.datetime.now(dt.UTC) + dt.timedelta(days=29)
    )
    (tmp_path / "server.crt").write_bytes(old.cert_chain_pems[0].bytes())
    (tmp_path / "server.key").write_bytes(old.private_key_pem.bytes())

    Certificates(tmp_path, ["127.0.0.1"]).server_context()
    assert (tmp_path / "ca.crt").read_bytes() == authority
    renewed = x509.load_pem_x509_certificate((tmp_path / "server.crt").read_bytes())
    assert renewed.not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=300)


def test_daemons_that_cannot_run_here_are_named_before_anything_is_served(
    state_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azure_vpn_simulator.strongswan.judge.find_missing", lambda: "strongSwan is not complete")
    flags = ["--topology", "demo", "--state-dir", str(state_dir), "--dataplane", "strongswan"]
    assert main(["serve", *flags]) == 1
    assert "cannot serve: strongSwan is not complete" in capsys.readouterr().err
