"""What a daemon logs of an attempt, as messages of a gateway's IKE log: its own words, and in front Azure's mark for the direction."""

import re
from collections.abc import Iterator
from typing import Final

_LINE: Final = re.compile(r"^\d+\[(?:NET|ENC|IKE|CFG)\] (?:<[^>]*> )?(?P<words>.+)$")
_MOST: Final = 60
_LONGEST: Final = 400
_MARKS: Final = {"sending packet": "[SEND]", "received packet": "[RECEIVED]"}
_CONFIGURED: Final = ("loaded ", "added ", "deleted ", "removed ", "updated ")
"""How lines begin that tell of its being configured."""


def messages(log: str) -> tuple[str, ...]:
    """The messages, at most 60; of a longer log the newest."""
    return tuple(_marked(log))[-_MOST:]


def _marked(log: str) -> Iterator[str]:
    for line in log.splitlines():
        found = _LINE.match(line)
        if found is None or "vici" in found["words"] or found["words"].startswith(_CONFIGURED):
            continue
        words = found["words"][:_LONGEST]
        yield f"{next((mark for begin, mark in _MARKS.items() if words.startswith(begin)), '[LOCAL]')} {words}"
