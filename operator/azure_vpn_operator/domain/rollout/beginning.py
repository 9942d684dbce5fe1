"""Which steps of a pass begin a change that takes the tunnel down, and what is recorded of it before they are carried out."""

from collections.abc import Sequence

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import (
    ChangeCause,
    ChangeState,
    HalfSettings,
    KnownGood,
    TunnelBefore,
    TunnelChange,
)
from azure_vpn_operator.api.vpn_connection_status import HalfRole
from azure_vpn_operator.domain.azure.differences import drops_tunnel
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.change_view import ChangeView
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, Snapshot
from azure_vpn_operator.domain.passes.steps import Put, SetKey, Step
from azure_vpn_operator.domain.passes.tunnel_health import may_be_up
from azure_vpn_operator.domain.rollout.evidence import (
    tunnels_up,
)
from azure_vpn_operator.domain.rollout.settings import (
    half_of,
    joined,
    same_in_all,
    settings_in,
    settings_of,
    wanted_settings,
)


def begin(halves: Sequence[tuple[Snapshot, Step]]) -> tuple[TunnelChange, KnownGood] | None:
    """The record of the change that these steps of an object's halves begin; None if they begin none, or one that is recorded already."""
    first, _ = halves[0]
    view = first.change_view
    writing = [(half, step) for half, step in halves if _takes_the_tunnel_down(half, step)]
    if not writing:
        return None
    if view.undoes:
        return _undo_anew(view, writing)
    cause = _cause(writing)
    wanted = {half.role: settings_after(half, step) for half, step in halves if not half.released}
    to = joined(wanted[HalfRole.FORWARD], wanted.get(HalfRole.REVERSE))
    known = view.change
    if known is not None and known.state is ChangeState.SENT and known.cause is cause and same_in_all(known.to, to):
        return None
    held = {
        half.role: _held(half) or _on_its_way(half, known or view.unfinished) or wanted[half.role]
        for half, _ in halves
        if not half.released
    }
    before = joined(held[HalfRole.FORWARD], held.get(HalfRole.REVERSE))
    unfinished = known or view.unfinished
    good = (view.known_good if unfinished is not None else None) or KnownGood(
        time=first.now.replace(microsecond=0), settings=before
    )
    change = TunnelChange(
        state=ChangeState.SENT,
        cause=cause,
        start_time=first.now.replace(microsecond=0),
        from_=before,
        to=to,
        tunnels=_tunnels_before([half for half, _ in halves if not half.released], view, unfinished)[:32],
    )
    return change, good


def _undo_anew(view: ChangeView, writing: Sequence[tuple[Snapshot, Step]]) -> tuple[TunnelChange, KnownGood] | None:
    """The record of a change that was undone, when somebody else has changed the connection since, and that is put right."""
    change, good = view.change, view.known_good
    if change is None or good is None or change.state is not ChangeState.ROLLED_BACK:
        return None
    if not any(isinstance(step, Put) for _, step in writing):
        return None
    return change.model_copy(update={"state": ChangeState.ROLLING_BACK}), good


def _takes_the_tunnel_down(half: Snapshot, step: Step) -> bool:
    if not isinstance(half.live, Present):
        return False
    at_stake = (
        half.change_view.change is not None
        or half.change_view.unfinished is not None
        or half.change_view.shared
        or may_be_up(half, half.live.value)
    )
    match step:
        case Put(creating=False, reason=reason, differences=differences):
            return at_stake and reason is not Reason.PAIR_PUT_BACK and drops_tunnel(differences)
        case SetKey():
            return at_stake
        case _:
            return False


def _cause(writing: Sequence[tuple[Snapshot, Step]]) -> ChangeCause:
    steps = [step for _, step in writing]
    puts = [step for step in steps if isinstance(step, Put)]
    if not puts:
        return ChangeCause.KEY
    if any(step.reason is Reason.ADOPTING for step in puts):
        return ChangeCause.ADOPTION
    if any(step.drift for step in puts):
        return ChangeCause.DRIFT
    dropping = [item.path for step in puts for item in step.differences if drops_tunnel((item,))]
    return ChangeCause.POLICY if all(path.startswith("ipsecPolicies") for path in dropping) else ChangeCause.SPEC


def settings_after(half: Snapshot, step: Step) -> HalfSettings:
    """What the half is to hold afterwards, also if its own write comes later."""
    if isinstance(step, Put) and isinstance(half.target, Target):
        return settings_in(step.body, half.target)
    found = wanted_settings(half.subject, half.target, half.policy) or _held(half)
    return found if found is not None else HalfSettings()


def _held(half: Snapshot) -> HalfSettings | None:
    return settings_of(half.live.value) if isinstance(half.live, Present) else None


def _on_its_way(half: Snapshot, change: TunnelChange | None) -> HalfSettings | None:
    """What a half gets that cannot be read, since an operation of ours runs on it."""
    if change is None or not isinstance(half.operation, OpenOperation):
        return None
    return half_of(change.to, half.role)


def _tunnels_before(
    halves: Sequence[Snapshot], view: ChangeView, unfinished: TunnelChange | None
) -> tuple[TunnelBefore, ...]:
    """The tunnels that have to be up afterwards, each with the newest time that is known of it."""
    now = [tunnel for half in halves for tunnel in _up_now(half)]
    if not now and view.shared_tunnel and (unfinished is None or not unfinished.tunnels):
        # The change of the pair's other object has taken it down already, and this one's connection with it.
        return (TunnelBefore(name=""),)
    if unfinished is None:
        return tuple(now)
    newest = {(tunnel.name, tunnel.reverse): tunnel for tunnel in now}
    return tuple(newest.get((tunnel.name, tunnel.reverse), tunnel) for tunnel in unfinished.tunnels)


def _up_now(half: Snapshot) -> tuple[TunnelBefore, ...]:
    live = half.live.value if isinstance(half.live, Present) else None
    if live is not None and (live.connection_status is not None or live.tunnels):
        return tunnels_up(live, half.role)
    if live is None or not may_be_up(half, live):
        return ()
    # Azure does not say at this moment, and it was up when it last did.
    reverse = True if half.role is HalfRole.REVERSE else None
    names = [(tunnel.name, tunnel.last_established) for tunnel in half.half.tunnels if tunnel.status == "Connected"]
    return tuple(
        TunnelBefore(name=name, reverse=reverse, last_established=established)
        for name, established in names or [("", None)]
    )
