"""Advice as a status has it."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from azure_vpn_operator.api.base import Advice
from azure_vpn_operator.domain.rules.violations import Remark

_MOST: Final = 16


def publish_remarks(remarks: Iterable[Remark]) -> tuple[Advice, ...]:
    """As many of them as `status.warnings` takes."""
    return tuple(Advice(id=one.id, field=one.field, message=one.message) for one in islice(remarks, _MOST))
