"""What the status says of one connection resource in Azure."""

from datetime import datetime

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, Tunnel
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.azure.ownership import OWNER_TAG, Ownership, find_tag, judge_ownership
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.keys.records import record_after
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import PatchTags, Put, Refuse, Settled, Step, Wait
from azure_vpn_operator.domain.passes.traffic import find_traffic
from azure_vpn_operator.domain.passes.verdicts import Summary

_STATE_LIMIT = 64
_TUNNEL_NAME_LIMIT = 512
_MOST_TUNNELS = 16
_MOST_TAGS = 41


def build_half(snapshot: Snapshot, step: Step, summary: Summary) -> ConnectionHalf | None:
    """Return the half as it is now; None for one that Azure never had."""
    if snapshot.released and isinstance(step, Settled):
        return None
    before = snapshot.half
    verified = step.applied_hash if isinstance(step, Settled | Wait | Refuse) else None
    applied = verified or _formerly_applied(step, summary, before)
    refused = (
        None
        if verified is not None or _taken_now(step, summary, before)
        else summary.refused_hash or before.refused_hash
    )
    key = record_after(snapshot, step, summary)
    match snapshot.live:
        case Present(live):
            return ConnectionHalf(
                role=snapshot.role,
                id=before.id or str(live.id),
                provisioning_state=live.provisioning_state[:_STATE_LIMIT],
                connection_status=before.connection_status if live.listed else _cut(live.connection_status),
                connection_protocol=live.protocol[:_STATE_LIMIT],
                tunnels=before.tunnels if live.listed else _tunnels(live),
                traffic=find_traffic(before.traffic, snapshot.traffic, snapshot.now, snapshot.cadence.steady),
                applied_hash=applied,
                refused_hash=refused,
                managed_tags=_managed_tags(snapshot, live, written=summary.taken),
                key=key,
            )
        case Absent():
            # The id stays: it is how a later change of identity is noticed, also before Azure shows the connection.
            known = before.id
            if known is None and summary.taken and isinstance(snapshot.target, Target):
                known = str(snapshot.target.connection)
            if known is None and refused is None and key is None:
                return None
            return ConnectionHalf(
                role=snapshot.role,
                id=known,
                # So is the IKE version: Azure has forgotten it, and the device at the other end has not.
                connection_protocol=before.connection_protocol,
                applied_hash=applied,
                refused_hash=refused,
                key=key,
            )
        case Unreadable() | NotRead():
            return before.model_copy(update={"refused_hash": refused}) if before in snapshot.previous.halves else None


def _tunnels(live: LiveConnection) -> tuple[Tunnel, ...]:
    return tuple(
        Tunnel(
            name=tunnel.name[:_TUNNEL_NAME_LIMIT],
            status=tunnel.status[:_STATE_LIMIT],
            # Whole seconds, as the API server keeps them: else no status would equal the stored one.
            last_established=_whole_seconds(tunnel.last_established),
        )
        for tunnel in live.tunnels[:_MOST_TUNNELS]
    )


def _cut(state: str | None) -> str | None:
    return state[:_STATE_LIMIT] if state is not None else None


def _taken_now(step: Step, summary: Summary, before: ConnectionHalf) -> bool:
    """Whether Azure has just accepted what it refused earlier: then it is not this half that holds its pair up."""
    moved = (
        isinstance(step, Put) and step.reason is not Reason.PAIR_PUT_BACK and step.wanted_hash == before.refused_hash
    )
    return moved and summary.taken


def _whole_seconds(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment is not None else None


def _formerly_applied(step: Step, summary: Summary, before: ConnectionHalf) -> str | None:
    """What Azure was last seen to hold. Once an edit is on its way that is history, or taking the edit back would look like drift.

    The same goes for a half that is put back since its pair could not change.
    """
    edited = summary.written and isinstance(step, Put | PatchTags) and not step.drift
    return None if edited else before.applied_hash


def _managed_tags(snapshot: Snapshot, live: LiveConnection, *, written: bool) -> tuple[str, ...]:
    """Names of the tags that are ours to remove: those that a write of ours has set, and Azure has."""
    before = snapshot.half.managed_tags
    if not written and judge_ownership(live.tags, snapshot.owner, {}) is not Ownership.OURS:
        return before
    spec_tags = snapshot.subject.spec.tags if isinstance(snapshot.subject, VpnConnection) else {}
    present = {name.lower() for name in live.tags}
    set_by_us = (name for name, value in spec_tags.items() if written or find_tag(live.tags, name) == value)
    # A name that left the spec stays listed for as long as Azure still has the tag: it is still to be removed.
    names = (OWNER_TAG, *sorted({*set_by_us, *(name for name in before if name.lower() in present)} - {OWNER_TAG}))
    return names[:_MOST_TAGS]
