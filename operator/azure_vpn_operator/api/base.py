"""What every wire model of this API shares: the base class, object metadata, conditions and handled annotations."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from azure_vpn_operator.api.conditions import ConditionStatus


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Timestamp = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
"""A moment with a time zone; on the wire whole seconds in UTC, as Kubernetes writes it."""


class ApiModel(BaseModel):
    """Frozen wire model with camelCase names on the wire and snake_case names in Python.

    Unknown fields are ignored, so an older operator survives objects of a newer version. Validation errors never
    quote the input.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    def wire(self) -> dict[str, Any]:
        """Return the JSON document of this model: camelCase names, no absent fields, plain JSON values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ObjectMeta(ApiModel):
    """The part of Kubernetes' object metadata that the operator reads."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Mapping[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    deletion_timestamp: Timestamp | None = None
    creation_timestamp: Timestamp | None = None

    @classmethod
    def salvage(cls, metadata: object) -> Self:
        """Read what is well-formed in any JSON value and leave the rest at its default; never raises."""
        given = metadata if isinstance(metadata, Mapping) else {}
        fields: dict[str, Any] = {}
        for name in ("name", "namespace", "uid", "resourceVersion"):
            if isinstance(value := given.get(name), str):
                fields[name] = value
        generation = given.get("generation")
        if isinstance(generation, int) and not isinstance(generation, bool):
            fields["generation"] = generation
        for name in ("labels", "annotations"):
            if isinstance(value := given.get(name), Mapping):
                fields[name] = {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, str)}
        if isinstance(value := given.get("finalizers"), (list, tuple)):
            fields["finalizers"] = tuple(item for item in value if isinstance(item, str))
        for name in ("deletionTimestamp", "creationTimestamp"):
            if (moment := _moment(given.get(name))) is not None:
                fields[name] = moment
        return cls.model_validate(fields)


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
    else:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class Condition(ApiModel):
    """One observation of an object's state, in the form that all of Kubernetes uses."""

    type: str = Field(min_length=1, max_length=316)
    """What is observed, in CamelCase."""
    status: ConditionStatus
    """True, False or Unknown."""
    reason: str = Field(min_length=1, max_length=1024)
    """Why, as one CamelCase word; the reference page lists all of them."""
    message: str = Field(default="", max_length=32768)
    """Why, for people: what happened and what to do."""
    observed_generation: int | None = Field(default=None, ge=0)
    """The generation of the object that this condition speaks about."""
    last_transition_time: Timestamp
    """When the status of this condition last changed."""


class LastHandled(ApiModel):
    """Which annotation tokens have been acted upon; each token acts once."""

    reconcile_at: str | None = Field(default=None, max_length=1024)
    """The last value of the annotation azvpn.dev/reconcile-at that was acted upon, cut to 1024 characters."""
    rotate_key: str | None = Field(default=None, max_length=1024)
    """The last value of the annotation azvpn.dev/rotate-key, cut to 1024 characters; written before the key is."""
    reset: str | None = Field(default=None, max_length=1024)
    """The last value of the annotation azvpn.dev/reset that was taken up, cut to 1024 characters; written before Azure is called."""
    rollout_retry: str | None = Field(default=None, max_length=1024)
    """The last value of the annotation azvpn.dev/rollout-retry that was acted upon, cut to 1024 characters."""
    rollout_continue: str | None = Field(default=None, max_length=1024)
    """The last value of the annotation azvpn.dev/rollout-continue that was acted upon, cut to 1024 characters."""


class Advice(ApiModel):
    """Advice that refuses nothing."""

    id: str = Field(min_length=1, max_length=64)
    """Which advice this is; stable over releases."""
    field: str = Field(max_length=256)
    """The field it is about, as a path from the object's root."""
    message: str = Field(max_length=1024)
    """What is unwise about the value and what to use instead."""


def atomic_list(**constraints: Any) -> Any:
    """Declare a list field, empty by default, that Kubernetes replaces as a whole."""
    return Field(default=(), json_schema_extra={"x-kubernetes-list-type": "atomic"}, **constraints)


def keyed_list(key: str, **constraints: Any) -> Any:
    """Declare a list field, empty by default, whose items Kubernetes tells apart by the given field."""
    extra: dict[str, Any] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}
    return Field(default=(), json_schema_extra=extra, **constraints)


def published_default(default: int | str, **constraints: Any) -> Any:
    """Declare a field whose default the CRD publishes, so that it shows in the stored object."""
    return Field(default=default, json_schema_extra={"x-published-default": True}, **constraints)
