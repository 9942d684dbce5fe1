"""What our CustomResourceDefinitions cost the API server: their size as it stores them, and the memory of its process.

Memory is Go's live heap after a garbage collection, before and after the CRDs are put in and their schemas have been asked for as
kubectl asks for them: what the process holds, and not what it once needed.
"""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import yaml
from kubernetes.aio.client import ApiClient

from workbench.control_plane.plane import ControlPlane
from workbench.processes import ProcessError
from workbench.rest import ApiError, Document, fetch
from workbench.stack import ROOT

CRDS: Final = ROOT / "crds"
_SCHEMAS: Final = ("/openapi/v2", "/openapi/v3", "/openapi/v3/apis/azvpn.dev/v1alpha1", "/apis")
_HEAP: Final = "/debug/pprof/heap"
_PATIENCE_SECONDS: Final = 60.0
_ROUNDS: Final = 3
"""Collections before a reading: what is freed by one may be seen by the next only."""


async def measure_crds(directory: Path) -> Document:
    """Start a control plane of its own, and return the size of each as stored, in kB, and what it adds to the heap, in MiB."""
    files = sorted(CRDS.glob("azvpn.dev_*.yaml"))
    documents = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}
    sizes = {name: round(len(json.dumps(found, separators=(",", ":"))) / 1000, 1) for name, found in documents.items()}
    heap: list[float] = []
    async with (
        ControlPlane(directory / "control-plane", api_server_flags=("--profiling=true",)) as plane,
        plane.client() as admin,
    ):
        heap.append(await _settled(admin, _SCHEMAS[:2]))
        for file in files:
            await plane.apply(file)
            heap.append(await _settled(admin, _SCHEMAS))
    added = [round(after - before, 1) for before, after in pairwise(heap)]
    return {
        "storedKilobytes": sizes,
        "apiServerMebibytes": dict(zip(sizes, added, strict=True)),
        "apiServerMebibytesBefore": round(heap[0], 1),
    }


async def _settled(admin: ApiClient, schemas: Sequence[str]) -> float:
    for schema in schemas:
        await _served(admin, schema)
    heap = 0.0
    for _ in range(_ROUNDS):
        profile = await fetch(admin, "GET", _HEAP, query={"gc": "1", "debug": "1"}, timeout_seconds=_PATIENCE_SECONDS)
        found = re.search(rb"^# HeapAlloc = (\d+)$", profile, re.MULTILINE)
        if found is None:
            raise ProcessError("the API server's heap profile has no line HeapAlloc")
        heap = int(found[1]) / 2**20
    return heap


async def _served(admin: ApiClient, path: str) -> None:
    """The schemas of a new CRD are served a moment after the CRD is."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            await fetch(admin, "GET", path, timeout_seconds=_PATIENCE_SECONDS)
        except ApiError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            return
