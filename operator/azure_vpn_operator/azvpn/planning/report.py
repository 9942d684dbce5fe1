"""The plan in words and as JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from azure_vpn_operator.api.vpn_connection_status import Difference, DifferenceEffect
from azure_vpn_operator.azvpn.columns import printable
from azure_vpn_operator.azvpn.planning.asking import Answer
from azure_vpn_operator.azvpn.planning.foreseen import WRITES, Action, Foreseen

_SIGNS = {
    Action.REFUSE: "!",
    Action.UNKNOWN: "?",
    Action.DELETE: "-",
    Action.CREATE: "+",
    Action.CHANGE: "~",
    Action.SET_KEY: "~",
    Action.RESET: "~",
    Action.TAG: "~",
    Action.WAIT: ".",
    Action.NOTHING: "=",
}
_COUNTED = {
    Action.CREATE: "to create",
    Action.CHANGE: "to change",
    Action.SET_KEY: "to get a key",
    Action.RESET: "to reset",
    Action.TAG: "tags only",
    Action.DELETE: "to delete",
    Action.WAIT: "to wait",
    Action.REFUSE: "refused",
    Action.UNKNOWN: "not known",
    Action.NOTHING: "unchanged",
}
_ALWAYS = {Action.CREATE, Action.CHANGE, Action.DELETE, Action.NOTHING}
_EFFECTS = {
    DifferenceEffect.NONE: "",
    DifferenceEffect.TUNNEL_DROP: "the tunnel drops",
    DifferenceEffect.RECREATE: "only by deleting and creating anew",
}


def as_text(answer: Answer) -> str:
    """Lines for a person."""
    found = answer.connections
    changed = [item for item in found if item.action is not Action.NOTHING or item.differences]
    lines = [line for item in changed for line in _of_one(item)]
    same = len(found) - len(changed)
    if same and changed:
        lines += ["", f"{same} more: nothing would be written."]
    lines += ["", *(f"{edit}." for edit in answer.edits)] if answer.edits else []
    return "\n".join([*lines, "", summary(found), ""] if lines else [summary(found), ""])


def summary(found: Iterable[Foreseen]) -> str:
    """One line with the numbers."""
    items = list(found)
    counts = Counter(item.action for item in items)
    told = [f"{counts[action]} {text}" for action, text in _COUNTED.items() if counts[action] or action in _ALWAYS]
    drops = sum(item.action in WRITES and item.effect is DifferenceEffect.TUNNEL_DROP for item in items)
    dropped = f" {drops} tunnel{'s drop' if drops != 1 else ' drops'} for a moment." if drops else " No tunnel drops."
    return f"Plan: {', '.join(told)}.{dropped}"


def as_json(answer: Answer) -> str:
    """The same for programs."""
    found = {"connections": [_document(item) for item in answer.connections], "edits": list(answer.edits)}
    return json.dumps(found, indent=2) + "\n"


def _of_one(item: Foreseen) -> Iterator[str]:
    where = f"  {item.connection}" if item.connection else ""
    yield f"{_SIGNS[item.action]} {item.object}{where}"
    reason = f"{item.reason}: " if item.action in {Action.REFUSE, Action.WAIT, Action.UNKNOWN} and item.reason else ""
    yield f"    {printable(reason + item.message)}"
    rows = [_row(difference) for difference in item.differences]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for path, change, effect in rows:
        yield f"      {path.ljust(widths[0])}   {change.ljust(widths[1])}   {effect}".rstrip()


def _row(difference: Difference) -> tuple[str, str, str]:
    change = f"{printable(difference.have) or 'nothing'} -> {printable(difference.want) or 'nothing'}"
    return difference.path, change, _EFFECTS[difference.effect]


def _document(item: Foreseen) -> dict[str, Any]:
    return {
        "object": item.object,
        "connection": item.connection,
        "action": item.action.value,
        "effect": item.effect.value,
        "reason": item.reason,
        "message": item.message,
        "differences": [difference.wire() for difference in item.differences],
    }
