"""The names of the annotations by which people make requests. Nothing is loaded for them."""

from typing import Final

RECONCILE_AT: Final = "azvpn.dev/reconcile-at"
ROTATE_KEY: Final = "azvpn.dev/rotate-key"
RESET: Final = "azvpn.dev/reset"
ROLLOUT_RETRY: Final = "azvpn.dev/rollout-retry"
ROLLOUT_CONTINUE: Final = "azvpn.dev/rollout-continue"
