"""`kubectl azvpn rollout …`: how far an edit of a policy has come, and what a person can say about it."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, PolicyRevision
from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.columns import age, columns
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.fleet import Fleet, read_fleet
from azure_vpn_operator.azvpn.git_owner import git_owner
from azure_vpn_operator.azvpn.kubectl import POLICIES
from azure_vpn_operator.domain.overview.model import Phase, Policy, Standing
from azure_vpn_operator.domain.passes.annotations import ROLLOUT_CONTINUE, ROLLOUT_RETRY
from azure_vpn_operator.domain.rollout.revisions import find_earlier

FIELD_MANAGER = "kubectl-azvpn"
LOOK_SECONDS = 2.0
_SHORT = 10
"""So many characters of a revision's hash are shown, and are enough to name it."""
_UNSEEN = "The operator has not seen the edit yet."
_ENDED = {Phase.AT_REST, Phase.PROVISIONAL}
_STUCK = {Phase.FAILED, Phase.INVALID}
_ORDER = tuple(Standing)


def run(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    return _ACTIONS[options.action](kubectl.Kubectl(options), options)


def _status(reach: kubectl.Kubectl, options: argparse.Namespace) -> int:
    deadline = None if options.timeout is None else time.monotonic() + options.timeout
    shown = None
    while True:
        fleet = read_fleet(reach, everywhere=False)
        policy, seen = find_policy(fleet, options.policy), is_seen(fleet, options.policy)
        line = progress_of(policy) if seen else _UNSEEN
        if shown is None:
            sys.stdout.write(table_of(policy))
        if line != shown:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            shown = line
        if seen and policy.phase in _ENDED:
            return 0
        if seen and policy.phase in _STUCK:
            return 1
        if not options.watch:
            return 0
        if deadline is not None and time.monotonic() >= deadline:
            raise ToolError(f"{policy.id} has not rolled out within {options.timeout:g} s")
        time.sleep(LOOK_SECONDS)


def find_policy(fleet: Fleet, name: str) -> Policy:
    """The policy as the map has it. Raises ToolError if there is none of that name."""
    found = next((policy for policy in fleet.draw().policies if policy.name == name), None)
    if found is None:
        raise ToolError(f'ipsecpolicies.azvpn.dev "{name}" not found')
    return found


def is_seen(fleet: Fleet, name: str) -> bool:
    """Whether the operator has looked at the policy as it is now: what its status says is about an older edit else."""
    found = next(record for record in fleet.policies if record.metadata.name == name)
    return found.metadata.generation <= found.status.observed_generation


def progress_of(policy: Policy) -> str:
    """How far it is, in a line."""
    counts = Counter(member.standing for member in policy.members)
    standings = ", ".join(f"{counts[standing]} {standing.value.lower()}" for standing in _ORDER if counts[standing])
    words = f"{policy.phase.value}: {policy.updated} of {policy.connections} connections have the values"
    said = f"; {policy.reason}: {policy.message}" if policy.message else ""
    return f"{words}{f' ({standings})' if standings else ''}{said}"


def table_of(policy: Policy) -> str:
    """Where each tunnel stands, while there is something to say; else nothing."""
    members = sorted(policy.members, key=lambda member: _ORDER.index(member.standing))
    rows = [(member.link.partition("/")[2], member.standing.value) for member in members]
    return f"{policy.id}: {policy.values}\n" + (columns(("CONNECTION", "STANDING"), rows) if rows else "")


def _history(reach: kubectl.Kubectl, options: argparse.Namespace) -> int:
    policy = _read(reach, options.policy)
    sys.stdout.write(history_of(policy.status.revisions, datetime.now(UTC)))
    return 0


def history_of(revisions: Sequence[PolicyRevision], now: datetime) -> str:
    """The newest first, each with what it changed."""
    if not revisions:
        return "No revisions yet: no connection has used the policy.\n"
    rows = []
    for index, revision in enumerate(revisions):
        before = revisions[index + 1] if index + 1 < len(revisions) else None
        rows.append(
            (revision.hash[:_SHORT], revision.state.value, age(revision.since, now), _changed(revision, before))
        )
    return columns(("REVISION", "STATE", "SINCE", "CHANGED"), rows)


def _changed(revision: PolicyRevision, before: PolicyRevision | None) -> str:
    now, was = revision.values.wire(), before.values.wire() if before is not None else {}
    if before is None:
        return ", ".join(f"{name}={value}" for name, value in now.items())
    return ", ".join(f"{name}: {was.get(name)} -> {value}" for name, value in now.items() if was.get(name) != value)


def _undo(reach: kubectl.Kubectl, options: argparse.Namespace) -> int:
    document = reach.get(POLICIES, options.policy)
    owner = git_owner(document)
    if owner is not None and not options.force:
        raise ToolError(
            f"{options.policy} comes from Git by {owner}, which would write its values again: revert the commit there, "
            "or say --force for the time until then"
        )
    policy = IpsecPolicy.model_validate(document)
    goal = revision_to(policy, options.to)
    reach(
        "patch",
        POLICIES,
        options.policy,
        "--type=merge",
        f"--field-manager={FIELD_MANAGER}",
        f"--patch={json.dumps({'spec': goal.values.wire()})}",
    )
    sys.stdout.write(f"{options.policy} has the values of revision {goal.hash[:_SHORT]} again; now they roll out.\n")
    return 0


def revision_to(policy: IpsecPolicy, named: str | None) -> PolicyRevision:
    """The revision to go back to: the one that is named, or the newest that all connections have had. Raises ToolError."""
    revisions, name = policy.status.revisions, policy.metadata.name
    if named is not None:
        found = [revision for revision in revisions if revision.hash.startswith(named)]
        if len(found) != 1:
            raise ToolError(f"{len(found)} revisions begin with {named}: kubectl azvpn rollout history {name}")
        return found[0]
    good = find_earlier(policy, revisions)
    if good is None:
        raise ToolError(f"{name} has no earlier values that its connections have had")
    return good


def _retry(reach: kubectl.Kubectl, options: argparse.Namespace) -> int:
    return _annotate(reach, options.policy, ROLLOUT_RETRY, "What has failed is tried again.")


def _continue(reach: kubectl.Kubectl, options: argparse.Namespace) -> int:
    return _annotate(reach, options.policy, ROLLOUT_CONTINUE, "The rollout does not wait for the canary's rekey.")


def _pause(reach: kubectl.Kubectl, options: argparse.Namespace) -> int:
    return _set_paused(reach, options.policy, paused=True)


def _resume(reach: kubectl.Kubectl, options: argparse.Namespace) -> int:
    return _set_paused(reach, options.policy, paused=False)


def _annotate(reach: kubectl.Kubectl, name: str, annotation: str, done: str) -> int:
    token = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reach("annotate", POLICIES, name, f"{annotation}={token}", "--overwrite", f"--field-manager={FIELD_MANAGER}")
    sys.stdout.write(f"{done} Follow it: kubectl azvpn rollout status {name}\n")
    return 0


def _set_paused(reach: kubectl.Kubectl, name: str, *, paused: bool) -> int:
    patch: dict[str, Any] = {"spec": {"rollout": {"paused": paused or None}}}
    reach(
        *("patch", POLICIES, name, "--type=merge"),
        *(f"--field-manager={FIELD_MANAGER}", f"--patch={json.dumps(patch)}"),
    )
    sys.stdout.write(f"The rollout of {name} {'is paused' if paused else 'goes on'}.\n")
    return 0


def _read(reach: kubectl.Kubectl, name: str) -> IpsecPolicy:
    return IpsecPolicy.model_validate(reach.get(POLICIES, name))


_ACTIONS: Mapping[str, Callable[[kubectl.Kubectl, argparse.Namespace], int]] = {
    "status": _status,
    "history": _history,
    "undo": _undo,
    "retry": _retry,
    "continue": _continue,
    "pause": _pause,
    "resume": _resume,
}
"""By the names in `arguments.rollout.ACTIONS`."""
