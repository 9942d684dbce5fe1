import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from workbench.control_plane.pki import Authority, KeyPair, create_signing_key, write_private


def server_context(pair: KeyPair, folder: Path) -> ssl.SSLContext:
    (folder / "server.crt").write_bytes(pair.certificate)
    (folder / "server.key").write_bytes(pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


def shake_hands(server: ssl.SSLContext, authority: Authority, host: str) -> None:
    client = ssl.create_default_context(cadata=authority.certificate.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.settimeout(5)
        refused: list[Exception] = []

        def serve() -> None:
            try:
                server.wrap_socket(theirs, server_side=True).close()
            except (OSError, ssl.SSLError) as error:
                refused.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            client.wrap_socket(ours, server_hostname=host).close()
        finally:
            ours.close()
            thread.join()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_strict_client_accepts_the_server_by_each_of_its_names(tmp_path: Path, host: str) -> None:
    authority = Authority()
    server = server_context(authority.issue_server(hosts=["localhost", "127.0.0.1"]), tmp_path)

    shake_hands(server, authority, host)


def test_server_is_refused_by_another_name(tmp_path: Path) -> None:
    authority = Authority()
    server = server_context(authority.issue_server(hosts=["localhost"]), tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError, match="example"):
        shake_hands(server, authority, "example.org")


def test_server_of_another_authority_is_refused_even_with_the_same_name(tmp_path: Path) -> None:
    server = server_context(Authority().issue_server(hosts=["localhost"]), tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, Authority(), "localhost")


def test_client_certificate_names_user_and_group() -> None:
    pair = Authority().issue_client(user="jane", group="network")
    subject = x509.load_pem_x509_certificate(pair.certificate).subject

    assert [name.value for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["jane"]
    assert [name.value for name in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["network"]


def test_signing_key_and_its_public_half_belong_together() -> None:
    private_pem, public_pem = create_signing_key()
    private = serialization.load_pem_private_key(private_pem, password=None)
    public = serialization.load_pem_public_key(public_pem)

    assert isinstance(private, rsa.RSAPrivateKey)
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(private.sign(b"token", padding.PKCS1v15(), SHA256()), b"token", padding.PKCS1v15(), SHA256())


def test_key_is_not_in_the_repr() -> None:
    assert "PRIVATE" not in repr(Authority().issue_server(hosts=["localhost"]))


def test_private_file_stays_private_when_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)

    write_private(path, b"new")

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
