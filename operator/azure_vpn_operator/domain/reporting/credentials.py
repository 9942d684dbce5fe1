"""What CredentialsResolved says of a key that is there: what is known of it in Azure, and what cannot be known."""

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.keys.records import current_record, generation_of
from azure_vpn_operator.domain.passes.findings import Finding, find_condition
from azure_vpn_operator.domain.passes.snapshot import GeneratedKey, KeyCheck, Snapshot
from azure_vpn_operator.domain.passes.steps import Put, SetKey
from azure_vpn_operator.domain.passes.verdicts import Summary
from azure_vpn_operator.domain.planning.keys import is_known_equal, is_rotation_due

_LIMITED = "keys may not be read in Azure, so a change of the key there would not be noticed"


def find_credentials(snapshot: Snapshot) -> Finding:
    """The condition for a key of the Secret, or a random one."""
    if isinstance(snapshot.key, GeneratedKey):
        return _random(snapshot)
    if _is_unverified(snapshot):
        text = "the key could not be compared with Azure's, and was not written"
        if snapshot.key_digest is None:
            text += "; the operator's own Secret for digests cannot be used either, so a changed key is not noticed"
        return _finding(Reason.KEY_UNVERIFIED, text)
    if _is_limited(snapshot):
        return _finding(Reason.KEY_NOT_READABLE, f"the Secret holds a well-formed key; {_LIMITED}")
    return _finding(Reason.KEY_FOUND, "the Secret holds a well-formed key")


def is_rotated(step: object, summary: Summary, snapshot: Snapshot) -> bool:
    """Whether a request to rotate is dealt with by this pass: before the call if that can be recorded, else with its answer."""
    if isinstance(step, SetKey):
        return summary.taken or snapshot.key_digest is not None
    return isinstance(step, Put) and step.with_key and summary.taken


def _random(snapshot: Snapshot) -> Finding:
    record = current_record(snapshot.half, snapshot.live, snapshot.operation)
    if isinstance(snapshot.live, Present) and generation_of(record) is None:
        return _finding(
            Reason.KEY_NOT_MANAGED,
            "no sharedKeySecretRef: the key in Azure is left alone until azvpn.dev/rotate-key asks for a random one",
        )
    text = "no sharedKeySecretRef: both halves have one random key that only Azure knows"
    if _is_limited(snapshot):
        return _finding(Reason.KEY_NOT_READABLE, f"{text}; {_LIMITED}")
    return _finding(Reason.KEY_IS_RANDOM, text)


def _is_limited(snapshot: Snapshot) -> bool:
    if snapshot.key_check is KeyCheck.NOT_NEEDED:
        return _said_before(snapshot, Reason.KEY_NOT_READABLE)
    return snapshot.key_check is KeyCheck.UNREADABLE


def _is_unverified(snapshot: Snapshot) -> bool:
    if is_known_equal(snapshot) or is_rotation_due(snapshot):
        return False
    if snapshot.key_check is KeyCheck.UNREADABLE:
        return True
    return (
        snapshot.key_check is KeyCheck.NOT_NEEDED
        and snapshot.key_digest is not None
        and _said_before(snapshot, Reason.KEY_UNVERIFIED)
    )


def _said_before(snapshot: Snapshot, reason: Reason) -> bool:
    before = find_condition(snapshot.previous.conditions, ConditionType.CREDENTIALS_RESOLVED)
    return before is not None and before.reason == reason


def _finding(reason: Reason, message: str) -> Finding:
    return Finding(ConditionType.CREDENTIALS_RESOLVED, ConditionStatus.TRUE, reason, message)
