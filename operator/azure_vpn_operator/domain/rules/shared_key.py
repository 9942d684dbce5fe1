"""What Azure accepts as a shared key. Nothing here ever shows the key, a part of it or its length."""

from typing import Final

from azure_vpn_operator.domain.rules.violations import Violation

_FIELD: Final = "spec.sharedKeySecretRef"
_LONGEST: Final = 128
_RULE: Final = "shared-key"
_FORBIDDEN: Final = {ord(" "): "a space", ord("-"): "a hyphen", ord("~"): "a tilde"}


def check_shared_key(value: bytes) -> Violation | None:
    """Return why Azure would refuse the key, or None: 1 to 128 printable ASCII characters but space, hyphen and tilde."""
    message = (
        "the shared key must have 1 to 128 printable ASCII characters, none of them a space, a hyphen or a tilde; "
        f"{_find_fault(value)}"
    )
    return Violation(_RULE, _FIELD, message, _find_hint(value)) if _find_fault(value) else None


def _find_fault(value: bytes) -> str | None:
    if not value:
        return "it is empty"
    if value.endswith((b"\n", b"\r")):
        return "it ends with a line break"
    if len(value) > _LONGEST:
        return "it is longer"
    if any(byte > 127 for byte in value):
        return "it has characters outside ASCII"
    if any(byte < 32 or byte == 127 for byte in value):
        return "it has control characters"
    found = [name for byte, name in _FORBIDDEN.items() if byte in value]
    return f"it has {' and '.join(found)}" if found else None


def _find_hint(value: bytes) -> str | None:
    if value.endswith((b"\n", b"\r")):
        return (
            "make the Secret with `kubectl create secret generic --from-literal`, or with `echo -n` instead of `echo`"
        )
    return None
