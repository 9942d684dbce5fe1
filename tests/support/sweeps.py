"""Tests over each call, each moment or each combination: the share of them that `make test` runs, while `make test-long` runs the rest."""

from collections.abc import Iterable

import pytest

SHARE = 5
"""`make test` runs one of so many."""
A_FLEET: list[object] = [30, pytest.param(100, marks=pytest.mark.exhaustive)]
"""Sizes for `pytest.mark.parametrize`, of tests in which all of a fleet meet the same."""


def swept(values: Iterable[object]) -> list[object]:
    """All of them for `pytest.mark.parametrize`: every fifth for `make test`, from the first on, and the others marked `exhaustive`."""
    return [
        pytest.param(value, marks=pytest.mark.exhaustive if index % SHARE else ()) for index, value in enumerate(values)
    ]
