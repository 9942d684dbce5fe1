"""Who owns a connection in Azure: tags of ours, what others' tags mean, and when an existing connection may be taken over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from typing_extensions import override

OWNER_TAG: Final = "azvpn-owner"
HOLD_TAG: Final = "azvpn-hold"
ADOPT_FROM: Final = "azvpn.dev/adopt-from"
"""Annotation: the value of the owner tag that may be replaced."""


class Ownership(StrEnum):
    """Whose connection it is."""

    OURS = "Ours"
    NOBODYS = "Nobodys"
    ANOTHERS = "Anothers"
    HANDED_OVER = "HandedOver"
    """Another's, and the object's annotation names exactly that owner."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The value of the owner tag of one object."""

    installation_id: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, tag: str) -> "Owner | None":
        """The owner that a tag names; None if this operator does not write such a tag."""
        parts = tag.split("/")
        return cls(*parts) if len(parts) == 3 and all(parts) else None

    @override
    def __str__(self) -> str:
        """The tag's value."""
        return f"{self.installation_id}/{self.namespace}/{self.name}"


def find_tag(tags: Mapping[str, str], name: str) -> str | None:
    """The value of a tag; names of tags are case-insensitive in Azure."""
    return next((value for key, value in tags.items() if key.lower() == name.lower()), None)


def judge_ownership(tags: Mapping[str, str], owner: Owner, annotations: Mapping[str, str]) -> Ownership:
    """Whose connection it is, by its owner tag."""
    found = find_tag(tags, OWNER_TAG)
    if found is None or not found:
        return Ownership.NOBODYS
    if found == str(owner):
        return Ownership.OURS
    return Ownership.HANDED_OVER if annotations.get(ADOPT_FROM) == found else Ownership.ANOTHERS


def find_neighbour(tags: Mapping[str, str], owner: Owner) -> Owner | None:
    """The object of another namespace of the same installation that the owner tag names, if it names one."""
    named = Owner.parse(find_tag(tags, OWNER_TAG) or "")
    if named is None or named.installation_id != owner.installation_id or named.namespace == owner.namespace:
        return None
    return named


def wanted_tags(
    live: Mapping[str, str], spec_tags: Mapping[str, str], formerly_ours: Iterable[str], owner: Owner
) -> dict[str, str]:
    """The complete tags for a write: foreign ones as they are, ours as the object says, the owner.

    `formerly_ours` are names that an earlier spec set: they go, unless the spec still has them.
    """
    ours = {**spec_tags, OWNER_TAG: str(owner)}
    drop = {name.lower() for name in ours} | {name.lower() for name in formerly_ours}
    return {name: value for name, value in live.items() if name.lower() not in drop} | ours


def same_tags(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two sets of tags are equal, names compared without case."""
    return {k.lower(): v for k, v in one.items()} == {k.lower(): v for k, v in other.items()}


def tags_without_owner(live: Mapping[str, str]) -> dict[str, str]:
    """What stays when an object lets a connection go."""
    return {name: value for name, value in live.items() if name.lower() != OWNER_TAG}
