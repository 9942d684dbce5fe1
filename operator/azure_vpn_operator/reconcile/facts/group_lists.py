"""Resources of one type as the lists of their groups show them: one request says of a whole group what many GETs would say."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Present, Read, Unreadable
from azure_vpn_operator.runtime.clock import Clock

RETRY_SECONDS: Final = 60.0
"""A list that could not be taken is asked for again after so long; meanwhile each resource is read by itself."""
REFUSED_RETRY_SECONDS: Final = 600.0
"""The same where the right to it is missing."""


class _HasId(Protocol):
    @property
    def id(self) -> ArmId: ...


T = TypeVar("T", bound=_HasId)


@dataclass(slots=True)
class _List(Generic[T]):
    until: float
    items: dict[str, T] = field(default_factory=dict)


class GroupLists(Generic[T]):
    """The lists of one type, each taken when it is asked for and there is none that is fresh."""

    def __init__(
        self, take: Callable[[str, str], Awaitable[Read[Sequence[T]]]], clock: Clock, keep_seconds: float
    ) -> None:
        """Take the port's method for a subscription and a group, and for how long a list is fresh."""
        self._take = take
        self._clock = clock
        self._keep = keep_seconds
        self._lists: dict[tuple[str, str], _List[T]] = {}
        self._taking: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def pick(self, resource: ArmId) -> T | None:
        """The resource as its group's list shows it, once for each list: who asks a second time wants something newer.

        None if it is not in the list, or there is no list: then a GET has to tell.
        """
        group = (resource.subscription.lower(), resource.resource_group.lower())
        async with self._taking[group]:
            known = self._lists.get(group)
            if known is None or known.until <= self._clock.monotonic():
                known = self._lists[group] = await self._listed(resource)
        return known.items.pop(resource.key, None)

    def drop(self, resources: Iterable[str]) -> None:
        """What the lists show of these is not to be used any more; the names are keys of `ArmId`."""
        for key in resources:
            for known in self._lists.values():
                known.items.pop(key, None)

    def renew(self, subscription: str, resource_group: str, items: Iterable[T]) -> None:
        """Somebody else has just taken the group's list: these items of it may still be picked."""
        group = (subscription.lower(), resource_group.lower())
        self._lists[group] = _List(self._clock.monotonic() + self._keep, {item.id.key: item for item in items})

    async def _listed(self, resource: ArmId) -> _List[T]:
        read = await self._take(resource.subscription, resource.resource_group)
        if isinstance(read, Present):
            return _List(self._clock.monotonic() + self._keep, {item.id.key: item for item in read.value})
        refused = isinstance(read, Unreadable) and read.fault.kind is FaultKind.FORBIDDEN
        return _List(self._clock.monotonic() + (REFUSED_RETRY_SECONDS if refused else RETRY_SECONDS))
