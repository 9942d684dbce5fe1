"""The certificates and keys of a control plane: one throw-away authority (trustme) for servers and clients.

Certificates are ECDSA P-256. The ServiceAccount signing key is RSA, because every client library can check its tokens.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_VALID_FOR = dt.timedelta(days=7)

_NOBODY = "client.invalid"
"""trustme marks the alternative names as critical, and Go refuses a critical extension that is empty: so each client has one."""


@dataclasses.dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both PEM. The key stays out of the repr."""

    certificate: bytes
    key: bytes = dataclasses.field(repr=False)


class Authority:
    """A certificate authority that can issue for the API server and for its users, for a week; its key is never shown."""

    def __init__(self) -> None:
        self._ca = trustme.CA(path_length=0)

    @property
    def certificate(self) -> bytes:
        """What its clients and servers trust, PEM."""
        return self._ca.cert_pem.bytes()

    def issue_server(self, *, hosts: Sequence[str]) -> KeyPair:
        """Issue for a server that is reached as any of `hosts` (names or IP addresses)."""
        return self._issue(*hosts)

    def issue_client(self, *, user: str, group: str | None = None) -> KeyPair:
        """Issue for a Kubernetes user: the common name is the user, the organisation is the group (trustme takes one)."""
        return self._issue(_NOBODY, common_name=user, organization_name=group)

    def _issue(self, *hosts: str, common_name: str | None = None, organization_name: str | None = None) -> KeyPair:
        issued = self._ca.issue_cert(
            *hosts,
            common_name=common_name,
            organization_name=organization_name,
            not_after=dt.datetime.now(dt.UTC) + _VALID_FOR,
        )
        return KeyPair(issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes())


def create_signing_key() -> tuple[bytes, bytes]:
    """Make the key that signs ServiceAccount tokens: (private PEM, public PEM)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, public


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)
