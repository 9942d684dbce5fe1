"""Requests that people make by annotation. Each acts once per token; status.lastHandled remembers which."""

from typing import Final

from azure_vpn_operator.api.base import LastHandled, ObjectMeta
from azure_vpn_operator.api.vpn_connection_status import ResetState, VpnConnectionStatus
from azure_vpn_operator.domain.passes.annotations import (
    RECONCILE_AT,
    RESET,
    ROLLOUT_CONTINUE,
    ROLLOUT_RETRY,
    ROTATE_KEY,
)

TOKEN_LIMIT: Final = 1024


def is_requested(metadata: ObjectMeta, handled: LastHandled | None) -> bool:
    """Whether reconcile-at carries a token that has not been acted upon."""
    token = _token(metadata, RECONCILE_AT)
    return token is not None and (handled is None or handled.reconcile_at != token)


def is_rotation_requested(metadata: ObjectMeta, handled: LastHandled | None) -> bool:
    """Whether rotate-key carries a token that has not been acted upon."""
    token = _token(metadata, ROTATE_KEY)
    return token is not None and (handled is None or handled.rotate_key != token)


def is_retry_requested(metadata: ObjectMeta, handled: LastHandled | None) -> bool:
    """Whether rollout-retry carries a token that has not been acted upon."""
    token = _token(metadata, ROLLOUT_RETRY)
    return token is not None and (handled is None or handled.rollout_retry != token)


def is_continue_requested(metadata: ObjectMeta, handled: LastHandled | None) -> bool:
    """Whether rollout-continue carries a token that has not been acted upon."""
    token = _token(metadata, ROLLOUT_CONTINUE)
    return token is not None and (handled is None or handled.rollout_continue != token)


def reset_token(metadata: ObjectMeta) -> str | None:
    """What reset carries; None if nobody asks for one."""
    return _token(metadata, RESET)


def is_reset_requested(metadata: ObjectMeta, status: VpnConnectionStatus) -> bool:
    """Whether reset carries a token that has not been taken up, or waits still."""
    token = reset_token(metadata)
    if token is None:
        return False
    if status.last_handled is None or status.last_handled.reset != token:
        return True
    return any(record.token == token and record.state is ResetState.WAITS for record in status.resets)


def handle(
    metadata: ObjectMeta, handled: LastHandled | None, *, rotated: bool = False, reset: bool = False
) -> LastHandled | None:
    """What to remember once the pass has acted; `rotated` says that the key is written in this pass, `reset` that one is taken up."""
    before = handled or LastHandled()
    retry, going_on = _token(metadata, ROLLOUT_RETRY), _token(metadata, ROLLOUT_CONTINUE)
    reconcile_at, rotate_key = _token(metadata, RECONCILE_AT), _token(metadata, ROTATE_KEY) if rotated else None
    asked = _token(metadata, RESET) if reset else None
    now = LastHandled(
        reset=before.reset if asked is None else asked,
        reconcile_at=before.reconcile_at if reconcile_at is None else reconcile_at,
        rotate_key=before.rotate_key if rotate_key is None else rotate_key,
        rollout_retry=before.rollout_retry if retry is None else retry,
        rollout_continue=before.rollout_continue if going_on is None else going_on,
    )
    return handled if now == before else now


def _token(metadata: ObjectMeta, name: str) -> str | None:
    token = metadata.annotations.get(name)
    return token[:TOKEN_LIMIT] if token is not None else None
