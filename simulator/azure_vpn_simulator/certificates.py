"""The simulator's own certificate authority, server certificate and token key; kept in the state folder and used again."""

import datetime as dt
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

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
        wanted = set(names)
        if not (_good(self.ca_file, now) and ca_key_file.exists()):
            ca_key = ec.generate_private_key(ec.SECP256R1())
            _write(self.ca_file, _authority(ca_key, now).public_bytes(serialization.Encoding.PEM), private=False)
            _write(ca_key_file, _pem(ca_key), private=True)
            self._server.unlink(missing_ok=True)
        if not (_good(self._server, now) and self._server_key.exists() and wanted <= _names(self._server)):
            loaded = serialization.load_pem_private_key(ca_key_file.read_bytes(), password=None)
            if not isinstance(loaded, ec.EllipticCurvePrivateKey):
                raise ValueError(f"{ca_key_file} is not a key of this simulator")
            authority = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = _server_certificate(key, authority, loaded, sorted(wanted), now)
            _write(self._server_key, _pem(key), private=True)
            _write(self._server, certificate.public_bytes(serialization.Encoding.PEM), private=False)

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


def _authority(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "azure-vpn-simulator demo CA")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _ALLOWANCE)
        .not_valid_after(now + _VALID * 2)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server_certificate(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: list[str],
    now: dt.datetime,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _ALLOWANCE)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(file: Path) -> set[str]:
    names = x509.load_pem_x509_certificate(file.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return {str(each.value) for each in names.value}


def _good(file: Path, now: dt.datetime) -> bool:
    if not file.exists():
        return False
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc > now + _RENEW_BEFORE


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
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
