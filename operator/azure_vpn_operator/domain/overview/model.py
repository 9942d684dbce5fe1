"""The map as the status page gets it: wire names are those of the JSON document.

Everything in it is in the objects' specs and statuses already. Texts are as Azure and users wrote them: whoever shows them has to
take care of what they may contain.
"""

from enum import StrEnum

from azure_vpn_operator.api.base import ApiModel, Timestamp


class TunnelState(StrEnum):
    """Whether the tunnels of a link are up."""

    UP = "Up"
    PARTLY = "Partly"
    """At least one is up, and at least one is down."""
    DOWN = "Down"
    ABSENT = "Absent"
    """Azure has no such connection."""
    UNKNOWN = "Unknown"
    """Azure has not told, or not lately."""


class Activity(StrEnum):
    """What the operator does about a link, or what it waits for; the one that says most."""

    NONE = "None"
    STALLED = "Stalled"
    """Nothing goes on until somebody acts."""
    FAILED = "Failed"
    """The tunnel did not come back after a change, which stays in Azure."""
    UNDONE = "Undone"
    """The tunnel did not come back after a change, and the values from before are in Azure again."""
    UNDOING = "Undoing"
    BLOCKED = "Blocked"
    """Something that it needs is missing, or its two halves disagree."""
    CONFIRMING = "Confirming"
    """A change is in force, and has to prove itself."""
    CHANGING = "Changing"
    """A write is on its way, or Azure carries it out."""
    DELETING = "Deleting"
    QUEUED = "Queued"
    """A write waits for a gateway, for a place, or for Azure's quota."""
    WINDOW = "Window"
    """A write waits for a change window."""
    ROLLOUT = "Rollout"
    """It waits for its wave."""
    STOPPED = "Stopped"
    """The rollout has stopped, and it keeps the values from before."""
    HELD = "Held"
    """Somebody asked that nothing be written."""
    PROVISIONAL = "Provisional"
    """A change seems to work, and its undo stays armed."""


class Attention(StrEnum):
    """How much a link asks of whoever looks, the most first."""

    PROBLEM = "Problem"
    """Somebody should look."""
    CHANGING = "Changing"
    """Work goes on by itself."""
    UNKNOWN = "Unknown"
    WAITING = "Waiting"
    """All is well, and something is meant to happen later, or not to happen."""
    WELL = "Well"


class Standing(StrEnum):
    """Where a connection stands in the rollout of its policy."""

    DONE = "Done"
    PROVISIONAL = "Provisional"
    MOVING = "Moving"
    NEXT = "Next"
    """In this wave, and not begun."""
    BEHIND = "Behind"
    FAILED = "Failed"
    UNDONE = "Undone"
    """It failed, or was unconfirmed when another one did, and the values from before are back, or on their way."""
    SKIPPED = "Skipped"


class Phase(StrEnum):
    """How far the values of a policy have come."""

    AT_REST = "AtRest"
    CANARY = "Canary"
    WAVE = "Wave"
    REKEY = "Rekey"
    """The canary waits for a rekey."""
    PAUSED = "Paused"
    FAILED = "Failed"
    PROVISIONAL = "Provisional"
    """All hold the values; for some the first rekey is still to come."""
    INVALID = "Invalid"


class Gateway(ApiModel):
    """A VPN gateway that an object names."""

    id: str
    """For links to refer to: lower case, and the same for as long as the gateway has its name."""
    name: str
    resource_group: str
    subscription: str


class Tunnel(ApiModel):
    """One tunnel of one half."""

    name: str
    up: bool
    status: str
    """In Azure's word."""
    since: Timestamp | None = None


class Half(ApiModel):
    """One connection in Azure."""

    object: str
    """Name of the VpnConnection that it belongs to."""
    azure_name: str
    id: str | None = None
    """Its ARM id, as in the status."""
    gateway: str | None = None
    """Name of the gateway that has it."""
    status: str | None = None
    """In Azure's word."""
    tunnels: tuple[Tunnel, ...] = ()


class Words(ApiModel):
    """What a condition says."""

    status: str
    reason: str
    message: str
    since: Timestamp


class Link(ApiModel):
    """A tunnel between a gateway and a site, or between two gateways. A pair is one, also if it is two objects."""

    id: str
    """`namespace/name` of its first object."""
    namespace: str
    objects: tuple[str, ...]
    """Names of the VpnConnections: two for a pair that is written as two."""
    gateway: str | None
    """The gateway's id; None if neither the object nor Azure has named one."""
    peer: str | None = None
    """The other gateway's id, of a tunnel between two."""
    site: str | None = None
    """Name of the local network gateway."""
    tunnel: TunnelState
    up: int
    total: int
    """Tunnels, counted at each end that is known; 0 if none is."""
    activity: Activity
    attention: Attention
    since: Timestamp | None = None
    """Since when the tunnel is in its state."""
    reason: str
    """The worst of the reasons."""
    message: str
    """What goes with it: what is wrong, and what to do."""
    ready: Words | None = None
    connected: Words | None = None
    policy: str
    """Name of the IpsecPolicy, or Default."""
    observed: bool = False
    """Its objects are only watched."""
    unseen: bool = False
    """An object has been edited, and the operator has not looked at that yet."""
    differences: int = 0
    halves: tuple[Half, ...] = ()


class Member(ApiModel):
    """A link in a rollout."""

    link: str
    standing: Standing


class Policy(ApiModel):
    """An IpsecPolicy, and how far its values have come."""

    id: str
    """`namespace/name`."""
    namespace: str
    name: str
    phase: Phase
    attention: Attention
    values: str
    """The algorithms in a line; empty if the policy breaks a rule."""
    strength: str | None = None
    reason: str
    message: str
    since: Timestamp | None = None
    """Since when these values are wanted."""
    connections: int
    updated: int
    size: int = 0
    """So many links may be unconfirmed at this moment."""
    members: tuple[Member, ...] = ()
    """Where each link stands, while the values are on their way or have failed; else empty."""


class Facts(ApiModel):
    """What the process knows besides the objects."""

    installation: str
    version: str
    leads: bool
    """False: this replica stands by, and shows what the leading one has written to the objects."""
    complete: bool
    """False until all objects have been listed."""
    unconfirmed: int
    """Changes that take a tunnel down and are not confirmed."""
    most_unconfirmed: int
    """So many may be; 0: no limit."""
    halted_until: Timestamp | None = None
    """Too many changes have failed, and none is begun before that."""


class FleetMap(ApiModel):
    """The whole map."""

    facts: Facts
    gateways: tuple[Gateway, ...]
    links: tuple[Link, ...]
    policies: tuple[Policy, ...]
