"""The last line of defence against a secret in the log.

Nothing should ever hand a secret to a logger. Libraries, exceptions and mistakes may; so every secret value the process
gets to see is registered here, and whatever is written goes through `redact`, which also knows the forms in which a
value hides in other text: escaped for JSON, quoted for a URL, as a Python literal, in base64.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"

# Shorter texts are only replaced where they stand alone, between characters that are neither letters nor digits:
# blotting out every "a" of a log helps nobody, and a key of one character is no secret.
_ANYWHERE_FROM = 6
# What remains of a value in the middle of a longer base64 text must be so long to be recognised without false alarms.
_BASE64_CORE_FROM = 8
_PREFIX = 6


class SecretRegistry:
    """The secret values that must not be written anywhere; the registry itself shows none of them."""

    def __init__(self, limit: int = 20_000) -> None:
        """Remember at most `limit` values: beyond that the one registered longest ago is forgotten."""
        self._limit = limit
        self._forms_of: dict[str, frozenset[str]] = {}
        self._uses: Counter[str] = Counter()
        # How many forms of which length begin like this; with the lengths, a form is found by one look-up.
        self._long: dict[str, Counter[int]] = {}
        self._short: dict[str, Counter[int]] = {}

    def __len__(self) -> int:
        return len(self._forms_of)

    def register(self, value: str | bytes) -> None:
        """Never let this value through; white space around it does not count, and an empty value is ignored."""
        text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).strip()
        if not text:
            return
        known = self._forms_of.pop(text, None)
        self._forms_of[text] = known if known is not None else frozenset(_forms(text))
        if known is None:
            for form in self._forms_of[text]:
                self._add(form)
        while len(self._forms_of) > self._limit:
            for form in self._forms_of.pop(next(iter(self._forms_of))):
                self._discard(form)

    def redact(self, text: str) -> str:
        """Return the text with every registered value, in each of its forms, replaced by `[redacted]`.

        The time it takes grows with the length of the text, not with the number of values.
        """
        if not self._uses:
            return text
        parts: list[str] = []
        shown = 0  # up to here the text is dealt with: copied or hidden
        for position in range(len(text)):
            found = self._longest_at(text, position)
            if found and position + found > shown:
                if position > shown or not parts:
                    parts += [text[shown:position], REDACTED]
                shown = position + found  # a value that overlaps or touches the one before hides in the same mark
        return "".join([*parts, text[shown:]])

    def _longest_at(self, text: str, position: int) -> int:
        lengths = self._long.get(text[position : position + _PREFIX])
        found = self._longest_of(lengths, text, position) if lengths else 0
        if found or not self._short:
            return found
        lengths = self._short.get(text[position])
        return self._longest_of(lengths, text, position) if lengths else 0

    def _longest_of(self, lengths: Iterable[int], text: str, position: int) -> int:
        return max(
            (
                length
                for length in lengths
                if text[position : position + length] in self._uses
                and (length >= _ANYWHERE_FROM or _stands_alone(text, position, position + length))
            ),
            default=0,
        )

    def _add(self, form: str) -> None:
        self._uses[form] += 1
        if self._uses[form] == 1:
            table, key = self._place(form)
            table.setdefault(key, Counter())[len(form)] += 1

    def _discard(self, form: str) -> None:
        self._uses[form] -= 1
        if not self._uses[form]:
            del self._uses[form]
            table, key = self._place(form)
            table[key][len(form)] -= 1
            if not table[key][len(form)]:
                del table[key][len(form)]
            if not table[key]:
                del table[key]

    def _place(self, form: str) -> tuple[dict[str, Counter[int]], str]:
        return (self._short, form[0]) if len(form) < _ANYWHERE_FROM else (self._long, form[:_PREFIX])


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (start > 0 and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum())


def _forms(text: str) -> set[str]:
    raw = text.encode("utf-8", "surrogateescape")
    escaped = json.dumps(text)[1:-1]
    forms = {text, escaped, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(escaped)[1:-1]}
    forms |= {repr(text)[1:-1], repr(raw)[2:-1], escaped.replace("/", "\\/")}
    forms |= {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    for encoded in _base64_forms(raw):
        forms |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return forms


def _base64_forms(raw: bytes) -> set[str]:
    whole = base64.b64encode(raw).decode("ascii")
    forms = {whole, whole.rstrip("=")}
    # Inside a longer text the value begins at one of three positions of a group; the characters that it shares with its
    # neighbours are cut off.
    for before in range(3):
        end = (before + len(raw)) * 8 // 6
        core = base64.b64encode(bytes(before) + raw).decode("ascii")[-(-before * 8 // 6) : end]
        if len(core) >= _BASE64_CORE_FROM:
            forms.add(core)
    return forms
