"""Who asked that nothing be written: the object (`suspend`), its annotation (`hold-until`), or a tag in Azure (`azvpn-hold`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.ownership import HOLD_TAG, find_tag

HOLD_UNTIL: Final = "azvpn.dev/hold-until"


@dataclass(frozen=True, slots=True)
class Pause:
    """A reason to write nothing. `until` is known for a hold with an end."""

    reason: Reason
    message: str
    until: datetime | None = None


def find_pause(
    *, suspend: bool, annotations: Mapping[str, str], live_tags: Mapping[str, str], now: datetime
) -> Pause | None:
    """The pause in force, if any; what the object says itself comes first."""
    if suspend:
        return Pause(Reason.SUSPENDED, "spec.suspend is true: nothing is written to Azure")
    stated = annotations.get(HOLD_UNTIL)
    if stated is not None:
        until = _moment(stated)
        if until is None:
            return Pause(
                Reason.HOLD_INVALID, f"the annotation {HOLD_UNTIL} is not a time in RFC 3339, and so counts as a hold"
            )
        if until > now:
            return Pause(Reason.HELD_UNTIL, f"held until {until.isoformat()} by {HOLD_UNTIL}", until)
    if find_tag(live_tags, HOLD_TAG) is not None:
        return Pause(Reason.HELD_IN_AZURE, f"the connection in Azure carries the tag {HOLD_TAG}")
    return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # Within a day of the calendar's first or last moment, as people write "never" and "for ever".
        return datetime.max.replace(tzinfo=UTC) if moment.year > 1 else datetime.min.replace(tzinfo=UTC)
