"""The real kustomize-controller of Flux on the running system, and the part of Git: folders of manifests that it is given to apply."""

import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
from typing_extensions import override

from support.world.tenant import Document, Tenant, condition
from workbench.control_plane.plane import ControlPlane
from workbench.ports import choose_ports
from workbench.processes import Process
from workbench.rest import call
from workbench.toolchain.building import HACK
from workbench.toolchain.tools import find_source

_FLAGS = (
    "--feature-gates=ExternalArtifact=true",
    "--watch-all-namespaces=true",
    "--no-remote-bases=true",
    "--requeue-dependency=1s",
    "--metrics-addr=0",
    "--log-level=info",
)


class Flux:
    """The controller's process, and the place on loopback where it gets artifacts from."""

    def __init__(self, plane: ControlPlane, program: Path) -> None:
        self._plane = plane
        self._program = program
        self._folder = plane.directory / "flux"
        self._served = self._folder / "served"
        self._served.mkdir(parents=True)
        handler = partial(_Quiet, directory=str(self._served))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="artifacts")
        self._process: Process | None = None

    async def start(self) -> None:
        """Put in Flux' CRDs, which come with its modules, and start the controller; returns when it is ready."""
        for path, module in (
            ("github.com/fluxcd/kustomize-controller", "flux"),
            ("github.com/fluxcd/source-controller", "flux-crds"),
        ):
            await self._plane.apply(find_source(path, HACK / module) / "config" / "crd" / "bases")
        self._thread.start()
        (port,) = choose_ports(1)
        env = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "TMPDIR": str(self._folder)}
        env |= {"KUBECONFIG": str(self._plane.kubeconfig), "RUNTIME_NAMESPACE": "default"}
        command = [str(self._program), *_FLAGS, f"--health-addr=127.0.0.1:{port}"]
        self._process = Process.start("kustomize-controller", command, log=self._folder / "log", env=env)

        async def is_ready() -> bool:
            try:
                async with aiohttp.ClientSession() as web, web.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await self._process.wait_until(is_ready, timeout_seconds=60)

    async def stop(self) -> None:
        """Stop both."""
        if self._process is not None:
            await self._process.stop()
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def serve(self, files: Mapping[str, str]) -> Document:
        """Make an artifact of these files, and return what a source says of it."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        digest = hashlib.sha256(packed.getvalue()).hexdigest()
        (self._served / f"{digest}.tar.gz").write_bytes(packed.getvalue())
        return {
            "digest": f"sha256:{digest}",
            "lastUpdateTime": datetime.now(UTC).isoformat(timespec="seconds"),
            "path": f"{digest}.tar.gz",
            "revision": f"main@sha1:{digest[:40]}",
            "size": len(packed.getvalue()),
            "url": f"http://127.0.0.1:{self._server.server_port}/{digest}.tar.gz",
        }


class GitFolder:
    """A folder in Git that Flux applies to a test's namespace; what is pushed is all that the folder then holds."""

    def __init__(self, flux: Flux, tenant: Tenant) -> None:
        self._flux = flux
        self._tenant = tenant

    async def push(self, *documents: Document) -> str:
        """The folder now holds these objects; returns the revision."""
        files = {
            f"{document['kind']}-{document['metadata']['name']}.yaml": json.dumps(document) for document in documents
        }
        artifact = self._flux.serve(files)
        source = self._object("source.toolkit.fluxcd.io/v1", "ExternalArtifact", {})
        await self._tenant.apply(source)
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Succeeded",
            "message": artifact["revision"],
            "lastTransitionTime": artifact["lastUpdateTime"],
        }
        await call(
            self._tenant.cluster,
            "PATCH",
            f"{self._path('source.toolkit.fluxcd.io/v1', 'externalartifacts')}/status",
            body={"status": {"artifact": artifact, "conditions": [ready]}},
            content_type="application/merge-patch+json",
        )
        return str(artifact["revision"])

    async def follow(self, **spec: Any) -> None:
        """From now on Flux applies the folder, waits until all of it is well, removes what is gone, and heals every two seconds."""
        source = {"kind": "ExternalArtifact", "name": "repository"}
        usual = {"interval": "2s", "retryInterval": "2s", "timeout": "90s", "prune": True, "wait": True, "path": "./"}
        document = self._object(
            "kustomize.toolkit.fluxcd.io/v1", "Kustomization", {**usual, "sourceRef": source, **spec}
        )
        await self._tenant.apply(document)

    async def state(self) -> Document:
        """The Kustomization as it is now."""
        return await call(self._tenant.cluster, "GET", self._path("kustomize.toolkit.fluxcd.io/v1", "kustomizations"))

    async def until_applied(self, revision: str, *, seconds: float = 120.0) -> Document:
        """Flux says that all of the revision is there and well."""
        found: list[Document] = []

        async def is_so() -> bool:
            found[:] = [await self.state()]
            status = found[0].get("status") or {}
            return (
                condition(found[0], "Ready").get("status") == "True" and status.get("lastAppliedRevision") == revision
            )

        await self._tenant.eventually(is_so, seconds=seconds, what=f"{revision} applied")
        return found[0]

    async def until_failed(self, revision: str, *, seconds: float = 120.0) -> Document:
        """Flux says that the revision did not do; returns the condition Ready."""
        found: list[Document] = []

        async def is_so() -> bool:
            document = await self.state()
            found[:] = [condition(document, "Ready")]
            tried = (document.get("status") or {}).get("lastAttemptedRevision")
            return found[0].get("reason") == "HealthCheckFailed" and tried == revision

        await self._tenant.eventually(is_so, seconds=seconds, what=f"{revision} failed")
        return found[0]

    async def leave(self) -> None:
        """Flux lets the folder go, and removes what it had applied."""
        await call(self._tenant.cluster, "DELETE", self._path("kustomize.toolkit.fluxcd.io/v1", "kustomizations"))

    def _object(self, version: str, kind: str, spec: Document) -> Document:
        metadata = {"name": "repository", "namespace": self._tenant.namespace}
        return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}

    def _path(self, version: str, plural: str) -> str:
        return f"/apis/{version}/namespaces/{self._tenant.namespace}/{plural}/repository"


class _Quiet(SimpleHTTPRequestHandler):
    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the test says what matters."""
