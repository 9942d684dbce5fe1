"""Requests that people make by annotation. Each acts once per token; status.lastHandled remembers which."""

from typing import Final

from azure_vpn_operator.api.base import LastHandled, ObjectMeta

RECONCILE_AT: Final = "azvpn.dev/reconcile-at"
TOKEN_LIMIT: Final = 1024


def is_requested(metadata: ObjectMeta, handled: LastHandled | None) -> bool:
    """Whether the annotation carries a token that has not been acted upon."""
    token = metadata.annotations.get(RECONCILE_AT)
    return token is not None and (handled is None or handled.reconcile_at != token[:TOKEN_LIMIT])


def handle(metadata: ObjectMeta, handled: LastHandled | None) -> LastHandled | None:
    """What to remember once the pass has acted."""
    token = metadata.annotations.get(RECONCILE_AT)
    return LastHandled(reconcile_at=token[:TOKEN_LIMIT]) if token is not None else handled
