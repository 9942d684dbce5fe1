"""Kubernetes Events (`events.k8s.io/v1`): repeats become a series, and no object can flood the API server."""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from azure_vpn_operator.cluster.classify import OBJECT_NOT_FOUND
from azure_vpn_operator.cluster.session import FIELD_MANAGER, MERGE_PATCH, ClusterSession
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.fence import Fence, NoFence
from azure_vpn_operator.runtime.token_bucket import TokenBucket

CONTROLLER: Final = "azvpn.dev/azure-vpn-operator"
_SERIES_SECONDS: Final = 600.0
_BURST: Final = 25
_REFILL_PER_SECOND: Final = 1 / 300
_NOTE_BYTES: Final = 1024
_OBJECTS_KEPT: Final = 10_000
_SERIES_KEPT: Final = 20_000

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Series:
    name: str
    count: int
    begun: float


class EventRecorder:
    """Publishes Events; keeps `EventsPort`. What it remembers is bounded and may be lost: then a new series begins."""

    def __init__(self, session: ClusterSession, *, clock: Clock, instance: str, fence: Fence | None = None) -> None:
        """Take the session, which stays the caller's to close, this process's name, such as the pod's, and what keeps writes back."""
        self._session = session
        self._fence = fence or NoFence()
        self._clock = clock
        self._instance = instance[:128] or FIELD_MANAGER
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self._series: OrderedDict[tuple[str, ...], _Series] = OrderedDict()

    async def record(self, regarding: Mapping[str, Any], notes: Sequence[EventNote]) -> None:
        """Publish the notes on the object; repeats of the same note are counted in a series."""
        for note in notes:
            if not self._fence.covers(0.0) or not self._may_publish(_uid(regarding)):
                continue
            fault = await self._publish(regarding, note)
            if fault is not None:
                _LOGGER.debug("event was not recorded", extra={"reason": note.reason, "fault": fault.code})

    async def _publish(self, regarding: Mapping[str, Any], note: EventNote) -> Fault | None:
        text = _cut(note.note)
        key = (_uid(regarding), "Warning" if note.warning else "Normal", note.reason, text)
        now = self._clock.monotonic()
        known = self._series.get(key)
        if known is not None and now - known.begun < _SERIES_SECONDS:
            known.count += 1
            fault = await self._repeat(regarding, known)
            if fault is None or fault.code != OBJECT_NOT_FOUND:
                return fault
        name = f"{regarding['metadata']['name']}.{secrets.token_hex(8)}"
        self._series[key] = _Series(name, count=1, begun=now)
        self._series.move_to_end(key)
        while len(self._series) > _SERIES_KEPT:
            self._series.popitem(last=False)
        return await self._begin(regarding, note, name, text)

    async def _begin(self, regarding: Mapping[str, Any], note: EventNote, name: str, text: str) -> Fault | None:
        metadata = regarding["metadata"]
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": metadata["namespace"]},
            "eventTime": self._stamp(),
            "type": "Warning" if note.warning else "Normal",
            "reason": str(note.reason),
            "action": note.action,
            "note": text,
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
            "regarding": {
                "apiVersion": regarding["apiVersion"],
                "kind": regarding["kind"],
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
        }
        reply = await self._session.request(
            "POST", _path(metadata["namespace"]), query={"fieldManager": FIELD_MANAGER}, body=event
        )
        return reply if isinstance(reply, Fault) else None

    async def _repeat(self, regarding: Mapping[str, Any], series: _Series) -> Fault | None:
        patch = {"series": {"count": series.count, "lastObservedTime": self._stamp()}}
        reply = await self._session.request(
            "PATCH",
            (*_path(regarding["metadata"]["namespace"]), series.name),
            query={"fieldManager": FIELD_MANAGER},
            body=patch,
            content_type=MERGE_PATCH,
        )
        return reply if isinstance(reply, Fault) else None

    def _may_publish(self, uid: str) -> bool:
        bucket = self._buckets.get(uid)
        if bucket is None:
            bucket = self._buckets[uid] = TokenBucket(_BURST, _REFILL_PER_SECOND, self._clock)
        self._buckets.move_to_end(uid)
        while len(self._buckets) > _OBJECTS_KEPT:
            self._buckets.popitem(last=False)
        return bucket.remaining >= 1 and bucket.try_take() == 0.0

    def _stamp(self) -> str:
        return self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _uid(regarding: Mapping[str, Any]) -> str:
    return str(regarding["metadata"]["uid"])


def _cut(text: str) -> str:
    raw = text.encode()
    if len(raw) <= _NOTE_BYTES:
        return text
    return raw[: _NOTE_BYTES - len("…".encode())].decode(errors="ignore") + "…"


def _path(namespace: str) -> tuple[str, ...]:
    return ("apis", "events.k8s.io", "v1", "namespaces", namespace, "events")
