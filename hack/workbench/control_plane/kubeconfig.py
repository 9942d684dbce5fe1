"""Writes kubeconfig files: one cluster, one user, everything inline, readable by the owner only."""

import base64
from pathlib import Path
from typing import Any

import yaml

from workbench.control_plane.pki import KeyPair, write_private


def write_certificate_kubeconfig(path: Path, *, server: str, ca: bytes, user: str, pair: KeyPair) -> Path:
    """Write a kubeconfig whose user logs in with a client certificate; returns `path`."""
    credentials = {"client-certificate-data": _base64(pair.certificate), "client-key-data": _base64(pair.key)}
    return _write(path, server=server, ca=ca, user=user, credentials=credentials)


def write_token_kubeconfig(
    path: Path, *, server: str, ca: bytes, user: str, token: str, namespace: str = "default"
) -> Path:
    """Write a kubeconfig whose user logs in with a bearer token; returns `path`."""
    return _write(path, server=server, ca=ca, user=user, credentials={"token": token}, namespace=namespace)


def _write(
    path: Path, *, server: str, ca: bytes, user: str, credentials: dict[str, str], namespace: str = "default"
) -> Path:
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "workbench", "cluster": {"server": server, "certificate-authority-data": _base64(ca)}}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": "workbench", "context": {"cluster": "workbench", "user": user, "namespace": namespace}}],
        "current-context": "workbench",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # Replaced in one step: a program that reads the file again meanwhile must not meet half of it.
    unfinished = path.with_name(f".{path.name}.unfinished")
    write_private(unfinished, yaml.safe_dump(document, sort_keys=False).encode())
    return unfinished.replace(path)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
