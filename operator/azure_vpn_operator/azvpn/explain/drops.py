"""How often a tunnel went down, by the Events that the operator has left on its object."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import Document, Kubectl
from azure_vpn_operator.domain.diagnosis.evidence import Drops

_EVENTS: Final = "events.events.k8s.io"


def list_events(kubectl: Kubectl, *, everywhere: bool) -> Sequence[Document]:
    """All Events; none if they may not be read: nothing depends on them alone."""
    try:
        return kubectl.list(_EVENTS, everywhere=everywhere)
    except ToolError:
        return ()


def drops_of(events: Iterable[Document], namespace: str, name: str) -> Drops | None:
    """How often the Event TunnelDown was recorded of an object; None if never."""
    count, first, last = 0, None, None
    for event in events:
        if event.get("reason") != Reason.TUNNEL_DOWN or not _is_about(event, namespace, name):
            continue
        times = [time for time in _times(event) if time is not None]
        if not times:
            continue
        count += _count(event)
        first, last = min(filter(None, (first, *times))), max(filter(None, (last, *times)))
    return Drops(count, first, last) if first is not None and last is not None else None


def _is_about(event: Document, namespace: str, name: str) -> bool:
    about = event.get("regarding") or event.get("involvedObject") or {}
    return (about.get("kind"), about.get("namespace"), about.get("name")) == ("VpnConnection", namespace, name)


def _count(event: Document) -> int:
    series = event.get("series") or {}
    return int(series.get("count") or event.get("deprecatedCount") or event.get("count") or 1)


def _times(event: Document) -> Iterable[datetime | None]:
    series: dict[str, Any] = event.get("series") or {}
    for text in (
        event.get("eventTime"),
        series.get("lastObservedTime"),
        event.get("deprecatedFirstTimestamp"),
        event.get("deprecatedLastTimestamp"),
    ):
        yield _moment(text)


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
