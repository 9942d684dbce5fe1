"""The values that a policy has and had, and what became of them: which its connections are to hold, and which they fall back to."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.ipsec_policy import (
    IpsecPolicy,
    IpsecPolicySpec,
    PolicyRevision,
    RekeyProof,
    RevisionState,
    RolloutSpec,
    RolloutStrategy,
)
from azure_vpn_operator.api.tunnel_change import PolicyValues
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.rollout.waves import Wave, WaveTerms

MOST_REVISIONS: Final = 10


@dataclass(frozen=True, slots=True)
class Target:
    """The revision that the spec asks for, among all."""

    revision: PolicyRevision
    revisions: tuple[PolicyRevision, ...]
    """All of them, the target first."""


def rollout_terms(spec: IpsecPolicySpec) -> RolloutSpec:
    """How an edit reaches the connections; an absent field has its default."""
    return spec.rollout or RolloutSpec()


def find_revision(revisions: Sequence[PolicyRevision], values_hash: str | None) -> PolicyRevision | None:
    """The revision with these values, if it is known."""
    return next((revision for revision in revisions if revision.hash == values_hash), None)


def find_current(revisions: Iterable[PolicyRevision]) -> PolicyRevision | None:
    """The revision that new connections begin with; None if there is none, as in the beginning, or while it is a target again."""
    return next((revision for revision in revisions if revision.state is RevisionState.CURRENT), None)


def find_earlier(policy: IpsecPolicy, revisions: Sequence[PolicyRevision]) -> PolicyRevision | None:
    """The newest values, other than those of the spec, that all connections have had; None if there are none.

    Those that they hold now come before those that they held once.
    """
    own = canonical_policy(policy.spec).hash
    others = [revision for revision in revisions if revision.hash != own]
    superseded = (revision for revision in others if revision.state is RevisionState.SUPERSEDED)
    return find_current(others) or next(superseded, None)


def recall_revisions(
    revisions: Sequence[PolicyRevision], held: Iterable[PolicyValues], now: datetime
) -> tuple[PolicyRevision, ...]:
    """The revisions with those that were lost when the policy was deleted and made again, by what connections hold.

    Current is what most of them do.
    """
    recalled = tuple(
        PolicyRevision(
            hash=canonical_policy(values.wire()).hash,
            values=values,
            generation=0,
            state=RevisionState.SUPERSEDED if number else RevisionState.CURRENT,
            since=now.replace(microsecond=0),
        )
        for number, (values, _) in enumerate(Counter(held).most_common(MOST_REVISIONS))
    )
    return (*revisions, *recalled)[:MOST_REVISIONS]


def set_target(
    policy: IpsecPolicy, revisions: Sequence[PolicyRevision], now: datetime, *, others_held: bool, retry: bool
) -> Target:
    """The revisions in the light of the spec: other values are a new target, and so are those that came back after others.

    `others_held`: a connection holds other values, whether or not they are known. `retry`: somebody wants a failed target tried again.
    """
    values = canonical_policy(policy.spec)
    known = find_revision(revisions, values.hash)
    others = tuple(revision for revision in revisions if revision.hash != values.hash)
    moment, generation = now.replace(microsecond=0), policy.metadata.generation
    if known is None:
        first = RevisionState.CURRENT if not others and not others_held else RevisionState.TARGET
        target = PolicyRevision(
            hash=values.hash,
            values=PolicyValues.model_validate(values.wire()),
            generation=generation,
            state=first,
            since=moment,
        )
    elif any(revision.generation > known.generation for revision in others) or (
        retry and known.state is RevisionState.FAILED
    ):
        target = known.model_copy(
            update={"state": RevisionState.TARGET, "since": moment, "generation": generation, "continued": None}
        )
    else:
        return Target(known, (known, *others))
    kept = tuple(_superseded(revision) if revision.state is RevisionState.TARGET else revision for revision in others)
    return Target(target, (target, *kept)[:MOST_REVISIONS])


def conclude_wave(target: Target, wave: Wave, now: datetime) -> Target:
    """What the standing of the connections makes of the target: failed by the first failure, current when all that could move have."""
    revision = target.revision
    if wave.failed and revision.state in {RevisionState.TARGET, RevisionState.CURRENT}:
        return _with_state(target, RevisionState.FAILED, now)
    if revision.state is not RevisionState.TARGET:
        return target
    if wave.behind or wave.moving:
        return target
    ended = _with_state(target, RevisionState.CURRENT, now)
    rest = tuple(_superseded(other) if other.state is RevisionState.CURRENT else other for other in ended.revisions[1:])
    return Target(ended.revision, (ended.revision, *rest))


def with_continue(target: Target) -> Target:
    """Somebody says that the canary need not wait for a rekey."""
    revision = target.revision.model_copy(update={"continued": True})
    return Target(revision, (revision, *target.revisions[1:]))


def assigned_values(
    policy: IpsecPolicy,
    revisions: Sequence[PolicyRevision],
    held: str | None,
    *,
    may_move: bool,
    stays: bool = False,
    recall: Callable[[str], PolicyValues | None] = lambda _: None,
) -> PolicyValues | None:
    """The values that a connection is to hold for now; None: those of the spec.

    `held` is the hash of the values that it was assigned last, by this policy. A connection that may not move (yet) keeps those; a
    new one begins with the current revision. What has failed reaches nobody any more, whatever the strategy; one that `stays` does so
    whatever the strategy. `recall` is asked for held values that are none of the revisions: the policy may have been deleted and made
    again.
    """
    wanted = canonical_policy(policy.spec).hash
    target = find_revision(revisions, wanted)
    failed = target is not None and target.state is RevisionState.FAILED
    at_once = rollout_terms(policy.spec).strategy is RolloutStrategy.ALL_AT_ONCE and not (failed or stays)
    if may_move or at_once:
        return None
    if target is not None and target.state is RevisionState.CURRENT:
        return None
    current = find_current(revisions)
    if held is not None and held != wanted:
        known = find_revision(revisions, held)
        values = known.values if known is not None else recall(held)
        if values is not None:
            return values
    return current.values if current is not None and current.hash != wanted else None


def wants_rekey_proof(policy: IpsecPolicy, revisions: Sequence[PolicyRevision]) -> bool:
    """Whether a changed PFS group has to survive a rekey: unless the policy, or somebody by annotation, says otherwise."""
    target = find_revision(revisions, canonical_policy(policy.spec).hash)
    continued = target is not None and target.continued is True
    return rollout_terms(policy.spec).rekey_proof is RekeyProof.CANARY and not continued


def wave_terms(policy: IpsecPolicy, revisions: Sequence[PolicyRevision]) -> WaveTerms:
    """How the policy's values may reach its connections. The first one has to survive a rekey before the others move if PFS changes."""
    terms = rollout_terms(policy.spec)
    staged = terms.strategy is RolloutStrategy.STAGED
    return WaveTerms(
        terms.strategy, terms.max_unavailable, terms.paused, staged and wants_rekey_proof(policy, revisions)
    )


def with_values(policy: IpsecPolicy, values: PolicyValues) -> IpsecPolicy:
    """The policy as if its spec had these values."""
    spec = IpsecPolicySpec.model_validate({**policy.spec.wire(), **values.wire()})
    return policy.model_copy(update={"spec": spec})


def _superseded(revision: PolicyRevision) -> PolicyRevision:
    return revision.model_copy(update={"state": RevisionState.SUPERSEDED})


def _with_state(target: Target, state: RevisionState, now: datetime) -> Target:
    revision = target.revision.model_copy(update={"state": state, "since": now.replace(microsecond=0)})
    return Target(revision, (revision, *target.revisions[1:]))
