"""ARM resource ids: parsed without regard to case, written back as they were created."""

import re
from typing import NamedTuple, Self

from typing_extensions import override

NETWORK = "Microsoft.Network"

_RESOURCE = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Network/([^/]+)/([^/]+)", re.IGNORECASE
)


class ResourceId(NamedTuple):
    """The id of a resource directly below a resource group, of the provider Microsoft.Network."""

    subscription: str
    group: str
    type: str
    name: str

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Read an id; None for anything that is not the id of a Microsoft.Network resource in a group."""
        if not isinstance(text, str):
            return None
        found = _RESOURCE.fullmatch(text)
        return cls(*found.groups()) if found else None

    @property
    def key(self) -> str:
        """The same for every spelling of the id."""
        return str(self).lower()

    @property
    def scope(self) -> str:
        """The id of the resource group it is in."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @override
    def __str__(self) -> str:
        return f"{self.scope}/providers/{NETWORK}/{self.type}/{self.name}"


def normal_location(text: str) -> str:
    """Write a region the way ARM stores it: `West Central US` is `westcentralus`."""
    return text.replace(" ", "").lower()


def within(scope: str, id_: str) -> bool:
    """Tell whether `id_` is the scope itself or below it; the scope `/` holds everything."""
    scope, id_ = scope.lower().rstrip("/"), id_.lower()
    return id_ == scope or id_.startswith(scope + "/")
