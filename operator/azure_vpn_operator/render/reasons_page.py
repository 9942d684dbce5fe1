"""The reference page of reasons: every reason with the conditions that have it, what it means and what to do."""

from collections.abc import Iterator
from typing import Final

from azure_vpn_operator.api.conditions import ConditionType
from azure_vpn_operator.api.reasons import REASONS, Reason, ReasonInfo

REASONS_PATH: Final = "docs/reference/reasons.md"

_HEADER: Final = "<!-- Generated from operator/azure_vpn_operator/api/reasons by `make generate`; do not edit. -->\n"
_INTRODUCTION: Final = """\
# Reasons

Every condition has a reason, and so has every Event. Reasons are part of the API: a reason keeps its meaning for as long
as the version of the API lives, so alerts and pipelines may match on it. Messages are for people and may change.

`Reconciling` and `Stalled` are only there while they are `True`. `Reconciling` means that the operator goes on by itself,
`Stalled` that someone must act; the operator still looks again, slowly, and at once when the object, its policy or its
Secret changes.

| Condition | Reasons |
|---|---|
"""
_EVENTS_ONLY: Final = "Events only"
_EXPLAINED_ONLY: Final = "`kubectl azvpn explain` only"


def render_reasons() -> dict[str, str]:
    """Return the page, path to text."""
    sections = "\n".join(_section(reason, info) for reason, info in sorted(REASONS.items(), key=lambda item: item[0]))
    return {REASONS_PATH: f"{_HEADER}{_INTRODUCTION}{''.join(_index())}\n{sections}"}


def _index() -> Iterator[str]:
    for condition in ConditionType:
        reasons = sorted(
            reason for reason, info in REASONS.items() if condition in {kind for kind, _ in info.conditions}
        )
        if reasons:
            yield f"| `{condition}` | {', '.join(map(_link, reasons))} |\n"
    for place in (_EVENTS_ONLY, _EXPLAINED_ONLY):
        only = sorted(reason for reason, info in REASONS.items() if not info.conditions and _elsewhere(info) == place)
        yield f"| {place} | {', '.join(map(_link, only))} |\n"


def _elsewhere(info: ReasonInfo) -> str:
    return _EXPLAINED_ONLY if info.explained_only else _EVENTS_ONLY


def _link(reason: Reason) -> str:
    return f"[{reason}](#{reason.lower()})"


def _section(reason: Reason, info: ReasonInfo) -> str:
    places = ", ".join(f"`{condition}={status}`" for condition, status in info.conditions) or _elsewhere(info)
    meaning = info.meaning.removeprefix("Event: ")
    return f"## {reason}\n\n{places}\n\n{meaning[:1].upper()}{meaning[1:]}\n\n**What to do:** {info.action}\n"
