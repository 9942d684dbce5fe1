"""The objects that a configuration is made of: from the cluster, or from files."""

import base64
import binascii
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import GROUP
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import Document, Kubectl
from azure_vpn_operator.domain.rules.shared_key import check_shared_key
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid

_RESOURCES = {
    "VpnConnection": f"vpnconnections.{GROUP}",
    "IpsecPolicy": f"ipsecpolicies.{GROUP}",
    "Secret": "secrets",
}
"""By kind, as kubectl names them."""


class Source(Protocol):
    """Where objects are."""

    def find(self, kind: str, name: str) -> Document | None:
        """The object; None if there is none of this name. Raises ToolError if that cannot be told."""


class Cluster:
    """The objects of the cluster, in the namespace that kubectl was told."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def find(self, kind: str, name: str) -> Document | None:
        """As `Source` says."""
        try:
            return self._kubectl.get(_RESOURCES[kind], name)
        except ToolError as error:
            if "(NotFound)" in str(error):
                return None
            raise


class Files:
    """The objects in YAML files, in folders of them, or on standard input (`-`)."""

    def __init__(self, names: Sequence[str], namespace: str | None) -> None:
        self._documents = [document for name in names for document in _documents_of(name)]
        self._namespace = namespace

    def find(self, kind: str, name: str) -> Document | None:
        """As `Source` says; two objects of the name are an error unless a namespace was given."""
        found = [document for document in self._documents if self._is(document, kind, name)]
        if len(found) > 1:
            raise ToolError(f"{kind} {name}: the files have {len(found)} of it; name its namespace, or fewer files")
        return found[0] if found else None

    def _is(self, document: Document, kind: str, name: str) -> bool:
        metadata = document.get("metadata")
        if document.get("kind") != kind or not isinstance(metadata, Mapping) or metadata.get("name") != name:
            return False
        return self._namespace is None or metadata.get("namespace") in {self._namespace, None}


def _documents_of(name: str) -> Iterator[Document]:
    path = Path(name)
    if name != "-" and path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.suffix in {".yaml", ".yml"} and inner.is_file():
                yield from _documents_of(str(inner))
        return
    try:
        text = sys.stdin.read() if name == "-" else path.read_text(encoding="utf-8")
        loaded = list(yaml.safe_load_all(text))
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"{name}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        # The error quotes the file, in which a Secret may be.
        mark = getattr(error, "problem_mark", None)
        line = f" near line {mark.line + 1}" if mark is not None else ""
        raise ToolError(f"{name}: is not YAML{line}") from None
    for document in loaded:
        if not isinstance(document, dict):
            continue
        items = document.get("items")
        yield from (items if document.get("kind", "").endswith("List") and isinstance(items, list) else [document])


def find_connection(source: Source, name: str) -> VpnConnection:
    """The connection; raises ToolError if there is none, or if it breaks a rule."""
    document = source.find("VpnConnection", name)
    if document is None:
        raise ToolError(f"VpnConnection {name}: was not found")
    found = read_connection(document)
    if isinstance(found, Invalid):
        raise ToolError(f"VpnConnection {name}: {_told(found)}")
    return found


def find_policy(source: Source, connection: VpnConnection) -> IpsecPolicy | None:
    """The policy that the connection is assigned, else that it names; raises ToolError if it breaks a rule."""
    assigned = connection.status.policy
    reference = connection.spec.ipsec_policy_ref
    name = (
        assigned.name if assigned is not None and assigned.name else reference.name if reference is not None else None
    )
    document = source.find("IpsecPolicy", name) if name is not None else None
    if document is None:
        return None
    found = read_policy(document)
    if isinstance(found, Invalid):
        raise ToolError(f"IpsecPolicy {name}: {_told(found)}")
    return found


def find_shared_key(source: Source, connection: VpnConnection) -> str:
    """The shared key; raises ToolError, which never has any of it, if there is none that Azure takes."""
    name, reference = connection.metadata.name, connection.spec.shared_key_secret_ref
    if reference is None:
        raise ToolError(f"VpnConnection {name}: names no Secret, so there is no key to show")
    document = source.find("Secret", reference.name)
    if document is None:
        raise ToolError(f"Secret {reference.name}: was not found; VpnConnection {name} names it")
    value = _entry(document, reference.key)
    if value is None:
        raise ToolError(f"Secret {reference.name}: has no entry {reference.key}, which VpnConnection {name} names")
    if (violation := check_shared_key(value)) is not None:
        raise ToolError(f"Secret {reference.name}: {violation.message}")
    return value.decode("ascii")


def _entry(secret: Mapping[str, Any], key: str) -> bytes | None:
    """The bytes of an entry, as the API server would store them."""
    text, data = secret.get("stringData"), secret.get("data")
    if isinstance(text, Mapping) and isinstance(text.get(key), str):
        return str(text[key]).encode()
    if isinstance(data, Mapping) and isinstance(data.get(key), str):
        try:
            return base64.b64decode(data[key], validate=True)
        except (binascii.Error, ValueError):
            return None
    return None


def _told(found: Invalid) -> str:
    return "; ".join(f"{violation.field}: {violation.message}" for violation in found.violations)
