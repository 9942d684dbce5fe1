"""What the demo shows of the two kinds: one row per object, the tables, and what is still missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from rich.table import Table
from rich.text import Text

from workbench.rest import Document

_IN_PEACE = {"", "UpToDate"}
_COLOURS = {"True": "green", "False": "yellow", "Unknown": "yellow"}
_ROLLOUT_COLOURS = {"RolledOut": "green", "RollingOut": "yellow", "RolloutFailed": "red"}


@dataclass(frozen=True, slots=True)
class Missing:
    """Why the demo is not complete: an object, the condition (or count) that it lacks, and the operator's words."""

    object: str
    condition: str
    message: str

    @property
    def text(self) -> str:
        """All of it in a line."""
        return f"{self.object}: {self.condition}" + (f": {self.message}" if self.message else "")


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A VpnConnection as the table shows it. Conditions are `True`, `False`, `Unknown`, or empty if absent."""

    name: str
    seen: bool
    """Whether the status speaks about the present spec."""
    ready: str
    connected: str
    pair: str
    stalled: bool
    tunnel: str
    gateway: str
    peer: str
    policy: str
    reason: str
    message: str

    @classmethod
    def of(cls, document: Document) -> Self:
        """Read the object as the API server returns it."""
        status, conditions = document.get("status", {}), _conditions(document)
        summary = status.get("summary", {})
        return cls(
            name=document["metadata"]["name"],
            seen=_is_seen(document),
            ready=_value(conditions, "Ready"),
            connected=_value(conditions, "Connected"),
            pair=_value(conditions, "PairInSync"),
            stalled=_value(conditions, "Stalled") == "True",
            tunnel=summary.get("tunnel", ""),
            gateway=summary.get("gateway", ""),
            peer=summary.get("peer", ""),
            policy=summary.get("policy", ""),
            reason=summary.get("reason", ""),
            message=summary.get("message", ""),
        )

    @property
    def missing(self) -> Missing | None:
        """What it lacks, or None if it is Ready and Connected."""
        name = f"VpnConnection {self.name}"
        if not self.seen:
            return Missing(name, "not looked at yet", "")
        conditions = [("Ready", self.ready), ("Connected", self.connected)]
        if self.pair:
            conditions.append(("PairInSync", self.pair))
        for condition, value in conditions:
            if value != "True":
                return Missing(name, f"{condition}={value or 'Unknown'} {self.reason}".rstrip(), self.message)
        return None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """An IpsecPolicy as the table shows it."""

    name: str
    seen: bool
    ready: str
    ike: str
    ipsec: str
    pfs: str
    connections: int
    updated: int
    message: str
    rollout: str
    """The reason of RolledOut: how far its values have come."""
    rollout_message: str

    @classmethod
    def of(cls, document: Document) -> Self:
        """Read the object as the API server returns it."""
        spec, status, conditions = document["spec"], document.get("status", {}), _conditions(document)
        return cls(
            name=document["metadata"]["name"],
            seen=_is_seen(document),
            ready=_value(conditions, "Ready"),
            ike=f"{spec['ikeEncryption']} {spec['ikeIntegrity']} {spec['dhGroup']}",
            ipsec=f"{spec['ipsecEncryption']} {spec['ipsecIntegrity']}",
            pfs=spec["pfsGroup"],
            connections=status.get("connections", 0),
            updated=status.get("updatedConnections", 0),
            message=conditions.get("Ready", {}).get("message", ""),
            rollout=conditions.get("RolledOut", {}).get("reason", ""),
            rollout_message=conditions.get("RolledOut", {}).get("message", ""),
        )

    @property
    def missing(self) -> Missing | None:
        """What it lacks, or None if it is valid and every connection that uses it holds it."""
        name = f"IpsecPolicy {self.name}"
        if not self.seen:
            return Missing(name, "not looked at yet", "")
        if self.ready != "True":
            return Missing(name, f"Ready={self.ready or 'unknown'}", self.message)
        if self.connections == 0 or self.updated < self.connections:
            return Missing(name, f"held by {self.updated} of {self.connections} connections", "")
        return None


@dataclass(frozen=True, slots=True)
class Fleet:
    """All objects of a namespace at one moment, by name."""

    connections: tuple[ConnectionRow, ...] = ()
    policies: tuple[PolicyRow, ...] = ()

    @classmethod
    def of(cls, connections: Iterable[Document], policies: Iterable[Document]) -> Self:
        """Read the items of two lists."""
        return cls(
            tuple(sorted((ConnectionRow.of(item) for item in connections), key=lambda row: row.name)),
            tuple(sorted((PolicyRow.of(item) for item in policies), key=lambda row: row.name)),
        )

    def missing(self, expected: Iterable[tuple[str, str]]) -> list[Missing]:
        """What keeps the expected objects (kind and name) from being all Ready and Connected; empty if nothing."""
        rows: dict[tuple[str, str], ConnectionRow | PolicyRow] = {
            **{("VpnConnection", row.name): row for row in self.connections},
            **{("IpsecPolicy", row.name): row for row in self.policies},
        }
        found = []
        for kind, name in expected:
            row = rows.get((kind, name))
            missing = Missing(f"{kind} {name}", "not there", "") if row is None else row.missing
            if missing is not None:
                found.append(missing)
        return found


def render_tables(fleet: Fleet, *, messages: bool) -> list[Table]:
    """Return the table of connections and that of policies; `messages` adds the operator's words."""
    connections = _table(
        ("VpnConnection", "Ready", "Tunnel", "Gateway", "Peer", "Policy", "Reason"),
        [
            [
                Text(row.name),
                _coloured(row.ready, stalled=row.stalled),
                Text(row.tunnel or "-", style=_COLOURS.get(row.connected, "")),
                *(Text(text or "-") for text in (row.gateway, row.peer, row.policy, row.reason)),
            ]
            for row in fleet.connections
        ],
        last=("Message", [(row.message, "") for row in fleet.connections]) if messages else None,
    )
    policies = _table(
        ("IpsecPolicy", "Ready", "IKE", "IPsec", "PFS", "Held"),
        [
            [
                Text(row.name),
                _coloured(row.ready),
                *(Text(text) for text in (row.ike, row.ipsec, row.pfs, f"{row.updated}/{row.connections}")),
            ]
            for row in fleet.policies
        ],
        last=("Rollout", [(row.rollout or "-", _ROLLOUT_COLOURS.get(row.rollout, "")) for row in fleet.policies]),
    )
    return [connections, policies]


def changes(before: Fleet, after: Fleet) -> list[str]:
    """Say in a line each what has changed for which connection, and which policies' rollouts have come further."""
    known = {row.name: _gist(row) for row in before.connections}
    rollouts = {row.name: row.rollout for row in before.policies}
    return [
        *(
            f"policy {row.name}: {row.rollout}: {row.rollout_message}"
            for row in after.policies
            if row.rollout != (rollouts.get(row.name) or row.rollout)
        ),
        *(f"{row.name}: {_gist(row)}" for row in after.connections if known.get(row.name) != _gist(row)),
    ]


def _gist(row: ConnectionRow) -> str:
    if row.missing is None:
        held_back = "" if row.reason in _IN_PEACE else f", {row.reason}"
        return f"Ready, Connected, tunnel {row.tunnel}{held_back}"
    if not row.reason:
        return "applied"
    return f"{row.reason}: {row.message}" if row.message else row.reason


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[Text]], last: tuple[str, Sequence[tuple[str, str]]] | None = None
) -> Table:
    """`last` is a heading and texts with their styles; only that column gives way on a narrow terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for index, heading in enumerate(headings):
        table.add_column(heading, no_wrap=True, min_width=max(len(heading), *(row[index].cell_len for row in rows), 0))
    if last is not None:
        table.add_column(last[0])
    for index, row in enumerate(rows):
        given = [] if last is None else [last[1][index]]
        table.add_row(*row, *(Text(text, style, no_wrap=True, overflow="ellipsis") for text, style in given))
    return table


def _coloured(value: str, *, stalled: bool = False) -> Text:
    return Text(value or "-", style="red" if stalled else _COLOURS.get(value, ""))


def _conditions(document: Document) -> dict[str, Document]:
    conditions: Sequence[Document] = document.get("status", {}).get("conditions", ())
    return {condition["type"]: condition for condition in conditions}


def _value(conditions: dict[str, Document], kind: str) -> str:
    return str(conditions.get(kind, {}).get("status", ""))


def _is_seen(document: Document) -> bool:
    return bool(document.get("status", {}).get("observedGeneration") == document["metadata"]["generation"])
