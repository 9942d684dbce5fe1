"""The simulator's certificate authority and server certificate, both from trustme, and its token key.

They are kept in the state folder and used again. The authority does not expire, so that a client that trusts it goes on doing
so; the server's certificate lives for a year, since some clients refuse longer ones, and is made anew in its last month.
"""

import datetime as dt
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from trustme import CA

_VALID = dt.timedelta(days=365)
_RENEW_BEFORE = dt.timedelta(days=30)
_ALLOWANCE = dt.timedelta(days=1)


class Certificates:
    """The files in a folder: ca.crt, ca.key, server.crt, server.key, token.key; made if missing or about to expire."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file = folder / "ca.crt"
        self._server = folder / "server.crt"
        self._server_key = folder / "server.key"
        self._token_key = folder / "token.key"
        ca_key_file = folder / "ca.key"
        now = dt.datetime.now(dt.UTC)
        if not (_good(self.ca_file, now) and ca_key_file.exists()):
            made = CA(path_length=0, organization_name="azure-vpn-simulator", organization_unit_name="demo CA")
            _write(self.ca_file, made.cert_pem.bytes(), private=False)
            _write(ca_key_file, made.private_key_pem.bytes(), private=True)
            self._server.unlink(missing_ok=True)
        if not (_good(self._server, now) and self._server_key.exists() and set(names) <= _names(self._server)):
            authority = CA.from_pem(self.ca_file.read_bytes(), ca_key_file.read_bytes())
            leaf = authority.issue_cert(*sorted(names), not_before=now - _ALLOWANCE, not_after=now + _VALID)
            _write(self._server_key, leaf.private_key_pem.bytes(), private=True)
            _write(self._server, leaf.cert_chain_pems[0].bytes(), private=False)

    def server_context(self) -> ssl.SSLContext:
        """Return the TLS settings of the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._server, self._server_key)
        return context

    def token_key(self) -> rsa.RSAPrivateKey:
        """Return the key that signs tokens, so that they outlive a restart."""
        if not self._token_key.exists():
            _write(self._token_key, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)), private=True)
        key = serialization.load_pem_private_key(self._token_key.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError(f"{self._token_key} is not a key of this simulator")
        return key


def _names(file: Path) -> set[str]:
    names = x509.load_pem_x509_certificate(file.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return {str(each.value) for each in names.value}


def _good(file: Path, now: dt.datetime) -> bool:
    if not file.exists():
        return False
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc > now + _RENEW_BEFORE


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, data: bytes, *, private: bool) -> None:
    temporary = file.with_suffix(file.suffix + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    temporary.replace(file)
