"""Durations that are a number, or drawn between two bounds; a run with the same seed draws the same ones."""

import hashlib
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

LONGEST_SECONDS = 1_000_000_000
"""Thirty years; what is longer would leave the calendar."""


class Span(BaseModel):
    """From `min` to `max` seconds, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    min: float = Field(ge=0, le=LONGEST_SECONDS)
    max: float = Field(ge=0, le=LONGEST_SECONDS)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not be above max")
        return self

    @classmethod
    def of(cls, seconds: float) -> Self:
        """Return the span that is always the same."""
        return cls(min=seconds, max=seconds)


def _read(value: Any) -> Any:
    if isinstance(value, dict | Span):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_SECONDS:
        raise ValueError(f"give a number from 0 to {LONGEST_SECONDS}, or {{min, max}}")
    return Span.of(value)


def _shown(span: Span) -> Any:
    return span.min if span.min == span.max else {"min": span.min, "max": span.max}


Seconds = Annotated[Span, BeforeValidator(_read), PlainSerializer(_shown)]
"""A number of seconds in a document, or `{min, max}`."""


class Draws:
    """Chance that depends on the seed and on what it is drawn for, never on the order in which things are asked."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def pick(self, span: Span, *key: object) -> float:
        """Return the duration for one occasion, which `key` names."""
        if span.min == span.max:
            return span.min
        return span.min + (span.max - span.min) * self._fraction(key)

    def wander(self, span: Span, now: float, *key: object) -> float:
        """Return a duration that changes with time, by less than time itself: `now` minus it never goes back."""
        if span.min == span.max:
            return span.min
        step = max(1.0, span.max - span.min)
        slot, beyond = divmod(now, step)
        before, after = (self.pick(span, *key, int(slot) + i) for i in (0, 1))
        return before + (after - before) * beyond / step

    def _fraction(self, key: tuple[object, ...]) -> float:
        digest = hashlib.blake2b(repr((self.seed, *key)).encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64
