"""Whether an operation has ended, told by the connection itself: reading that is not limited by Azure's Retry-After."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from azure_vpn_operator.domain.azure.differences import find_differences
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, Unreadable
from azure_vpn_operator.domain.azure.ownership import same_tags

_SUCCEEDED: Final = "Succeeded"


@dataclass(frozen=True, slots=True)
class SentConfiguration:
    """A PUT: what Azure would show once it is in force."""

    configuration: LiveConnection


@dataclass(frozen=True, slots=True)
class SentTags:
    """A PATCH of the tags, which are these then."""

    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SentDeletion:
    """A DELETE."""


Sent = SentConfiguration | SentTags | SentDeletion
"""A write whose end shows in the connection. A shared key is none: nothing of it shows."""


class End(Enum):
    """What a read of the connection says of the operation."""

    RUNNING = auto()
    ENDED = auto()
    """It is over, and what was sent is in force."""
    ASK = auto()
    """Only the operation itself can tell: it has failed, or the connection shows something else than was sent."""


def judge_end(sent: Sent, read: Read[LiveConnection] | NotRead) -> End:
    """Judge one read. A connection that shows the old values as if nothing had happened is no end: it may be an old answer."""
    match read, sent:
        case Absent(), SentDeletion():
            return End.ENDED
        case Absent(), _:
            return End.RUNNING
        case Present(live), _ if not live.settled:
            return End.RUNNING
        case Present(live), SentConfiguration(wanted):
            return End.ASK if find_differences(wanted, live) else End.ENDED
        case Present(live), SentTags(tags):
            return End.ENDED if same_tags(tags, live.tags) and live.provisioning_state == _SUCCEEDED else End.ASK
        case ((Present() | Unreadable() | NotRead()), _):
            return End.ASK
