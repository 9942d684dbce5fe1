"""What became of an edit that no device takes, from what Azure and the API server say afterwards. No I/O; seconds are real ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from workbench.rest import Document

_WRITES = {"PUT", "PATCH", "DELETE", "POST"}


@dataclass(frozen=True, slots=True)
class Edit:
    """The edit: another DH group for everything that uses the policy."""

    policy: str
    before: str
    after: str
    time: datetime
    since: int
    """The journal's number for the first request after it."""


@dataclass(frozen=True, slots=True)
class Write:
    """A write that Azure got for a connection."""

    connection: str
    method: str
    dh_group: str | None
    """The group in its body; None if it has none."""
    at: float
    """Seconds after the edit."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without the tunnel of a connection, in seconds after the edit."""

    connection: str
    start: float
    end: float | None
    """None if it is down still."""
    is_ours: bool
    """Whether it began with other settings of the connection."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that is needed to tell it, and to judge it."""

    edit: Edit
    connections: tuple[str, ...]
    writes: tuple[Write, ...]
    """Since the edit."""
    outages: tuple[Outage, ...]
    most_at_once: int
    """How many tunnels were down at a time because of other settings."""
    up: frozenset[str]
    """Connections whose tunnel is up at the end."""
    held: Mapping[str, str | None]
    """The group that Azure holds of each connection: that of the last write."""
    reasons: Mapping[str, str]
    """The last word of each VpnConnection."""
    policy_reason: str
    """The reason of the policy's condition RolledOut."""
    length: float
    """Seconds from the edit to the end."""

    @classmethod
    def of(
        cls,
        edit: Edit,
        *,
        journal: Iterable[Mapping[str, Any]],
        tunnels: Document,
        outages: Document,
        most_at_once: int,
        reasons: Mapping[str, str],
        policy_reason: str,
    ) -> Self:
        """Read the answers of the control API: everything since the start, but for the outages, which are those since the edit."""
        writes = [(entry["seq"], write) for entry in journal if (write := _write(entry, edit)) is not None]
        return cls(
            edit=edit,
            connections=tuple(sorted(reasons)),
            writes=tuple(write for seq, write in writes if seq >= edit.since),
            outages=tuple(_outage(found, edit) for found in outages["outages"]),
            most_at_once=most_at_once,
            up=frozenset(name for name, up in _states(tunnels["entries"]).items() if up),
            held={write.connection: write.dh_group for _, write in writes},
            reasons=reasons,
            policy_reason=policy_reason,
            length=_seconds(outages["now"]["time"], edit),
        )

    @property
    def canary(self) -> str | None:
        """The connection that was changed first."""
        return self.writes[0].connection if self.writes else None

    def faults(self) -> list[str]:
        """What should not have happened, in words; empty if one tunnel paid for the edit, and everything else was left alone."""
        edit, found = self.edit, []
        written = [(write.connection, write.method, write.dh_group) for write in self.writes]
        if written != [(self.canary, "PUT", edit.after), (self.canary, "PUT", edit.before)]:
            told = ", ".join(f"{method} {name} {group}" for name, method, group in written) or "nothing"
            found.append(f"Azure should have got two PUTs, for one connection: the edit and the undo. It got: {told}")
        if self.most_at_once != 1:
            found.append(
                f"one tunnel should have been down for the edit, and {self.most_at_once} were at the same time"
            )
        if others := sorted({outage.connection for outage in self.outages} - {self.canary}):
            found.append(f"tunnels that were not the canary's went down: {', '.join(others)}")
        if down := sorted(set(self.connections) - self.up):
            found.append(f"tunnels are down: {', '.join(down)}")
        if other := sorted(name for name in self.connections if self.held.get(name) != edit.before):
            found.append(f"Azure does not hold {edit.before} for {', '.join(other)}")
        if self.policy_reason != "RolloutFailed":
            found.append(f"the policy says {self.policy_reason or 'nothing'}, and not RolloutFailed")
        if other := sorted(name for name, reason in self.reasons.items() if reason != "RolloutStopped"):
            found.append(f"not RolloutStopped: {', '.join(f'{name} ({self.reasons[name]})' for name in other)}")
        return found

    def tell(self, within_seconds: float) -> list[str]:
        """What happened, in sentences. Only for a story without faults."""
        sent, undone = self.writes
        outage = self.outages[0]
        end = self.length if outage.end is None else outage.end
        all_of_them, others = len(self.connections), len(self.connections) - 1
        return [
            f"At {sent.at:.1f} s after the edit {sent.connection} alone, the canary, was given {self.edit.after}.",
            f"At {outage.start:.1f} s Azure had it in force: the tunnel went down, and its device refused the new group.",
            f"At {undone.at:.1f} s the {within_seconds:g} s for coming back were over, and the operator sent the old values.",
            f"At {end:.1f} s the tunnel was up again: {end - outage.start:.1f} s down.",
            f"The other {others} connections were never touched: no write, and no tunnel down.",
            f"The policy says {self.policy_reason}, and Azure holds {self.edit.before} for all {all_of_them} connections.",
        ]


def _write(entry: Mapping[str, Any], edit: Edit) -> Write | None:
    parts = entry["path"].split("/")
    if entry["method"] not in _WRITES or "connections" not in parts or entry["status"] >= 400:
        return None
    body = entry["body"] if isinstance(entry["body"], dict) else {}
    policies = body.get("properties", {}).get("ipsecPolicies") or [{}]
    name = parts[parts.index("connections") + 1]
    return Write(name, entry["method"], policies[0].get("dhGroup"), _seconds(entry["time"], edit))


def _outage(found: Mapping[str, Any], edit: Edit) -> Outage:
    name = found["connection"].rpartition("/")[2]
    end = found["to"] and _seconds(found["to"]["time"], edit)
    return Outage(name, _seconds(found["from"]["time"], edit), end, found["cause"] == "Settings")


def _states(entries: Iterable[Mapping[str, Any]]) -> dict[str, bool]:
    """Whether each connection's tunnel is up at the end of the entries; one of several that is down counts."""
    tunnels = {(entry["connection"].rpartition("/")[2], entry["tunnel"]): entry["up"] for entry in entries}
    found: dict[str, bool] = {}
    for (name, _), up in tunnels.items():
        found[name] = found.get(name, True) and up
    return found


def _seconds(text: str, edit: Edit) -> float:
    return (datetime.fromisoformat(text) - edit.time).total_seconds()
