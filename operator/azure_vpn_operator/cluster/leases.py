"""The record of who leads, in a Lease of the operator's namespace."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from azure_vpn_operator.cluster.classify import OBJECT_NOT_FOUND
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import LeaseClaim
from azure_vpn_operator.runtime.election import LeaseRecord

LABEL: Final = "app.kubernetes.io/name"
VALUE: Final = "azure-vpn-operator"
INSTALLATION: Final = "azvpn.dev/installation-id"
NAMESPACES: Final = "azvpn.dev/watch-namespaces"
"""Separated by commas; empty: all."""
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"


class ClusterLease:
    """Keeps `LeasePort`. Needs get, create and patch on this one Lease by its name, and list for the others."""

    def __init__(self, session: ClusterSession, *, namespace: str, own: LeaseClaim) -> None:
        """Take the session, which stays the caller's to close, where the Lease is, and what to say beside it."""
        self._session = session
        self._namespace = namespace
        self._own = own
        self._all = ("apis", "coordination.k8s.io", "v1", "namespaces", namespace, "leases")
        self._path = (*self._all, own.lease)

    async def read(self) -> LeaseRecord | Fault | None:
        """The record; None if there is none yet."""
        reply = await self._session.request("GET", self._path)
        if isinstance(reply, Fault):
            return None if reply.code == OBJECT_NOT_FOUND else reply
        return _read(reply.document)

    async def write(self, record: LeaseRecord) -> LeaseRecord | Fault:
        """Store the record if it still has the version that it names; kind CONFLICT if somebody else was quicker."""
        metadata: dict[str, Any] = {
            "name": self._own.lease,
            "namespace": self._namespace,
            "labels": {LABEL: VALUE},
            "annotations": {
                INSTALLATION: self._own.installation,
                NAMESPACES: ",".join(sorted(self._own.namespaces)),
            },
        }
        document = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": _spec(record),
        }
        if record.version:
            metadata["resourceVersion"] = record.version
            reply = await self._session.request("PATCH", self._path, body=document, content_type=_MERGE)
        else:
            # An apply creates by name, so the right can be granted for this name alone. Two that do so at once conflict, since each is a
            # manager of its own.
            query = {"fieldManager": f"azure-vpn-operator-{record.holder}"[:128]}
            reply = await self._session.request("PATCH", self._path, query=query, body=document, content_type=_APPLY)
        return reply if isinstance(reply, Fault) else _read(reply.document)

    async def other_claims(self) -> Sequence[LeaseClaim] | Fault:
        """What the other installations say that have their Lease in the same namespace."""
        reply = await self._session.request("GET", self._all, query={"labelSelector": f"{LABEL}={VALUE}"})
        if isinstance(reply, Fault):
            return reply
        found = [_claim(item) for item in reply.document.get("items") or []]
        return [claim for claim in found if claim is not None and claim.lease != self._own.lease]


def _claim(document: Mapping[str, Any]) -> LeaseClaim | None:
    record, metadata = _read(document), document.get("metadata") or {}
    if isinstance(record, Fault):
        return None
    notes = metadata.get("annotations") or {}
    held = record.renewed if record.holder else None
    return LeaseClaim(
        lease=str(metadata.get("name")),
        installation=str(notes.get(INSTALLATION, "")),
        namespaces=frozenset(filter(None, str(notes.get(NAMESPACES, "")).split(","))),
        held_until=held + timedelta(seconds=record.duration) if held is not None else None,
    )


def _spec(record: LeaseRecord) -> dict[str, Any]:
    return {
        "holderIdentity": record.holder,
        # Never less than the leader itself reckons with.
        "leaseDurationSeconds": max(math.ceil(record.duration), 1),
        "acquireTime": _micro_time(record.acquired),
        "renewTime": _micro_time(record.renewed),
        "leaseTransitions": record.transitions,
    }


def _read(document: Mapping[str, Any]) -> LeaseRecord | Fault:
    spec, metadata = document.get("spec") or {}, document.get("metadata") or {}
    try:
        return LeaseRecord(
            holder=str(spec.get("holderIdentity") or ""),
            duration=float(spec.get("leaseDurationSeconds") or 0.0),
            acquired=_moment(spec.get("acquireTime")),
            renewed=_moment(spec.get("renewTime")),
            transitions=int(spec.get("leaseTransitions") or 0),
            version=str(metadata.get("resourceVersion") or ""),
        )
    except (TypeError, ValueError):
        return Fault(
            FaultKind.UNREADABLE, "UnexpectedDocument", "The Lease is not one: delete it to have it made anew."
        )


def _micro_time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment is not None else None


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
