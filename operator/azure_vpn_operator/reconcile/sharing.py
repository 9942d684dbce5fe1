"""Thousands of objects say much the same: what is equal in them is kept once.

A model as pydantic makes it spends most of its memory on what it has in common with all others: the set of the fields that were given,
the words of conditions, references to the same gateway, and times of the same second.
"""

from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Any, Final, TypeVar

from azure_vpn_operator.api.base import ApiModel
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.target import Target, Unresolved

M = TypeVar("M", bound=ApiModel)
Resolved = TypeVar("Resolved", bound=Target | Unresolved | None)

_KEPT: Final = 4096
"""Equal parts are found among so many that came last."""


def share_parts(model: M) -> M:
    """Have the model hold in common with others what is equal; it must be fresh from its making, so that nobody else has it yet."""
    values = model.__dict__
    for name, value in values.items():
        values[name] = _share(value)
    object.__setattr__(model, "__pydantic_fields_set__", _field_set(frozenset(model.model_fields_set)))
    return model


def share_gateways(target: Resolved) -> Resolved:
    """Return an equal target; the ids of its gateways are kept once for all that name them in the same spelling."""
    if isinstance(target, Target):
        ends = (target.gateway, target.local_gateway, target.peer_gateway)
        return Target(target.connection, *map(_share_id, ends))  # type: ignore[return-value]
    return target


def _share(value: Any) -> Any:
    match value:
        case ApiModel():
            part = share_parts(value)
            try:
                return _keep_model(part)
            except TypeError:  # a map is in it, which has no hash
                return part
        case tuple():
            return tuple(map(_share, value))
        case datetime():
            return _keep_moment(value)
        case _:
            return intern(value) if type(value) is str else value


def _share_id(found: ArmId | None) -> ArmId | None:
    return (
        _keep_id(found.subscription, found.resource_group, found.provider, found.types) if found is not None else None
    )


@lru_cache(_KEPT)
def _keep_model(model: ApiModel) -> ApiModel:
    return model


@lru_cache(_KEPT)
def _keep_moment(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


@lru_cache(_KEPT)
def _keep_id(subscription: str, resource_group: str, provider: str, types: tuple[tuple[str, str], ...]) -> ArmId:
    return ArmId(subscription, resource_group, provider, types)


@lru_cache(_KEPT)
def _field_set(names: frozenset[str]) -> set[str]:
    """A set that must not be changed: models that have it are frozen, and their copies copy it."""
    return set(names)
