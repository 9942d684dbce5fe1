"""Faults on request: which requests they hit, how often, and what happens then."""

import random
import re
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.operations import Effects


class Action(StrEnum):
    """What a fault does."""

    STATUS = "status"
    RESET = "reset"
    HANG = "hang"
    SLOW = "slow"
    HTML = "html"
    GARBAGE = "garbage"
    EMPTY = "empty"
    STUCK_OPERATION = "stuckOperation"
    FAIL_OPERATION = "failOperation"
    WRONG_TYPE_SHARED_KEY = "wrongTypeSharedKey"
    DROP_AFTER_PROCESSING = "dropAfterProcessing"


PROCESSED = frozenset(
    {
        Action.SLOW,
        Action.STUCK_OPERATION,
        Action.FAIL_OPERATION,
        Action.WRONG_TYPE_SHARED_KEY,
        Action.DROP_AFTER_PROCESSING,
    }
)
"""The actions after, or during, which the request is still carried out."""

_WRITES = frozenset({"PUT", "PATCH", "POST", "DELETE"})


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Match(_Part):
    """Which requests a fault hits; what is absent fits every request. `pathRegex` is searched for, ignoring case."""

    method: str | None = None
    path_regex: str | None = None
    principal: str | None = None

    @field_validator("path_regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as problem:
                raise ValueError(f"not a regular expression: {problem}") from None
        return value


class FaultSpec(_Part):
    """A fault as the control API takes it. Without `count` it stays until it is deleted; `delaySeconds` are real ones."""

    match: Match = Match()
    action: Action
    status: int | None = Field(default=None, ge=100, le=599)
    code: str | None = None
    message: str | None = None
    retry_after: int | None = Field(default=None, ge=0)
    delay_seconds: float = Field(default=1, ge=0, le=3600)
    count: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1, gt=0, le=1)
    seed: int = 0

    @model_validator(mode="after")
    def _status_given(self) -> Self:
        if self.action is Action.STATUS and (self.status is None or self.status < 400):
            raise ValueError("action status needs a status of 400 or more")
        return self


class Fault:
    """A fault in force."""

    def __init__(self, number: int, spec: FaultSpec) -> None:
        self.number = number
        self.spec = spec
        self.hits = 0
        self._regex = re.compile(spec.match.path_regex or "", re.IGNORECASE)
        self._random = random.Random(spec.seed)  # noqa: S311 - repeatable on purpose

    @property
    def spent(self) -> bool:
        """Whether it has hit as often as it was asked to."""
        return self.spec.count is not None and self.hits >= self.spec.count

    def fits(self, method: str, path: str, principal: str | None) -> bool:
        """Tell whether it hits this request; draws from its random numbers only if everything else fits."""
        match, action = self.spec.match, self.spec.action
        if self.spent or (match.method is not None and match.method.upper() != method):
            return False
        if match.principal is not None and match.principal != principal:
            return False
        if action in {Action.STUCK_OPERATION, Action.FAIL_OPERATION} and method not in _WRITES:
            return False
        if action is Action.WRONG_TYPE_SHARED_KEY and not (method == "GET" and path.lower().endswith("/sharedkey")):
            return False
        if self._regex.search(path) is None:
            return False
        return self.spec.probability >= 1 or self._random.random() < self.spec.probability

    def effects(self) -> Effects:
        """Return what it does to a request that is processed."""
        code = (
            self.spec.code or invented.OPERATION_FAULT.code,
            self.spec.message or "The operation failed, as told to.",
        )
        return Effects(
            stuck=self.spec.action is Action.STUCK_OPERATION,
            fail=code if self.spec.action is Action.FAIL_OPERATION else None,
            wrong_type_shared_key=self.spec.action is Action.WRONG_TYPE_SHARED_KEY,
        )

    def shown(self) -> dict[str, Any]:
        """Return it as the control API shows it."""
        return {
            "id": self.number,
            "hits": self.hits,
            **self.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        }


class Faults:
    """The faults in force; the first one that fits a request is the one that hits it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._numbers = 0

    def add(self, spec: FaultSpec) -> Fault:
        """Put a fault in force."""
        self._numbers += 1
        fault = Fault(self._numbers, spec)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove every fault."""
        self._faults.clear()

    def find(self, method: str, path: str, principal: str | None) -> Fault | None:
        """Return the fault that hits a request."""
        return next((f for f in self._faults if f.fits(method, path, principal)), None)

    def shown(self) -> list[dict[str, Any]]:
        """Return all faults, those that are spent included."""
        return [f.shown() for f in self._faults]
