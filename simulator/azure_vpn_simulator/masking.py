"""Secrets of a topology: under which names they are, and what is shown instead."""

from typing import Annotated, Any

from pydantic import Field, PlainSerializer, SerializationInfo

MASK = "***"
"""Stands for a secret in everything that is shown; in an update it means: keep the one you have."""

SECRETS = {"key", "sharedKey", "clientSecret", "managedIdentityHeader"}
"""The names under which a topology has secrets."""


def _shown_secret(value: str | None, info: SerializationInfo) -> str | None:
    return MASK if info.context and value is not None else value


def _shown_properties(properties: dict[str, Any], info: SerializationInfo) -> dict[str, Any]:
    shown: dict[str, Any] = _masked(properties) if info.context else properties
    return shown


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _masked(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_masked(v) for v in value]
    return MASK if name in SECRETS and value is not None else value


SharedKey = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[!-,./0-9:-}]+$"), PlainSerializer(_shown_secret)
]
Secret = Annotated[str, Field(min_length=1), PlainSerializer(_shown_secret)]
Properties = Annotated[dict[str, Any], PlainSerializer(_shown_properties)]
