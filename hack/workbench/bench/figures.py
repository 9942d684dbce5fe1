"""The bench's arithmetic: percentiles, counts by kind of request, rates. No I/O; times are seconds unless a name says otherwise."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

_WRITES = {"PUT", "PATCH", "DELETE", "POST"}
_API_WRITES = {"create", "update", "patch"}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of all values does not exceed. ValueError if there are none."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution in milliseconds."""

    count: int
    p50: float
    p90: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """Reduce measurements in seconds. ValueError if there are none."""
        shown = {share: round(percentile(seconds, share) * 1000, 1) for share in (0.5, 0.9, 0.99, 1.0)}
        return cls(len(seconds), shown[0.5], shown[0.9], shown[0.99], shown[1.0])


def kind_of(method: str, path: str) -> str:
    """What a request to Azure is, such as `PUT connection`, `GET operation` or `LIST group`."""
    parts = [part for part in path.lower().split("/") if part]
    if "providers" not in parts:
        return f"{method} token" if parts[-1:] == ["token"] else f"{method} other"
    rest = parts[parts.index("providers") + 2 :]
    match rest:
        case ["connections"]:
            return "LIST group"
        case ["connections", _]:
            return f"{method} connection"
        case ["connections", _, "sharedkey"]:
            return f"{method} sharedkey"
        case ["virtualnetworkgateways", _, "connections"]:
            return "LIST gateway"
        case ["virtualnetworkgateways", _]:
            return f"{method} gateway"
        case ["localnetworkgateways", _]:
            return f"{method} local gateway"
        case ["locations", _, ("operations" | "operationresults"), *_]:
            return f"{method} operation"
        case _:
            return f"{method} other"


def count_kinds(entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Journal entries by kind, the most frequent first."""
    found = Counter(kind_of(entry["method"], entry["path"]) for entry in entries)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def is_write(entry: Mapping[str, Any]) -> bool:
    """Whether a journal entry is a write to a resource, not a request for a token or a question that is asked by POST."""
    path = entry["path"].lower()
    return entry["method"] in _WRITES and "/providers/" in path and not path.endswith("/getikesas")


def first_write(entries: Iterable[Mapping[str, Any]], connection: str) -> datetime | None:
    """When the first write to the connection (its name in Azure) arrived."""
    ending = f"/connections/{connection}".lower()
    moments = (moment(entry["time"]) for entry in entries if is_write(entry) and entry["path"].lower().endswith(ending))
    return min(moments, default=None)


def moment(text: str) -> datetime:
    """A time as journal and audit log write it."""
    return datetime.fromisoformat(text)


def audited(lines: Iterable[Mapping[str, Any]], user: str, begin: datetime, end: datetime) -> dict[str, int]:
    """One user's requests to the API server that arrived between two moments, by verb and resource; open watches left out."""
    found: Counter[str] = Counter()
    for line in lines:
        about = line.get("objectRef")
        if about is None or line["user"]["username"] != user or line["verb"] == "watch":
            continue
        if begin <= moment(line["requestReceivedTimestamp"]) < end:
            resource = "/".join(part for part in (about["resource"], about.get("subresource")) if part)
            found[f"{line['verb']} {resource}"] += 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def is_status_write(request: str) -> bool:
    """Whether a kind of request to the API server, as `audited` names it, writes a status."""
    verb, _, resource = request.partition(" ")
    return verb in _API_WRITES and resource.endswith("/status")


def is_event_write(request: str) -> bool:
    """Whether a kind of request to the API server writes an Event, or counts one up."""
    verb, _, resource = request.partition(" ")
    return verb in _API_WRITES and resource == "events"


def per_minute(counts: Mapping[str, int], seconds: float) -> dict[str, float]:
    """Counts of a stretch of time as a rate."""
    return {name: round(count * 60 / seconds, 1) for name, count in counts.items()}


def samples(text: str) -> dict[str, float]:
    """Metrics as Prometheus reads them, by name and labels: `name` or `name{label="value"}`."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def resident_mebibytes(status: str) -> float:
    """What /proc/PID/status says of the resident memory. ValueError if it does not say."""
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise ValueError("no VmRSS in the text")


def processor_seconds(stat: str, ticks_per_second: int) -> float:
    """What /proc/PID/stat says of user and system time; the name in parentheses may hold anything."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / ticks_per_second
