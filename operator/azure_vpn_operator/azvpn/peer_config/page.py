"""A configuration while it is written: its lines, and what of it people are told on stderr as well."""

import textwrap
from dataclasses import dataclass

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished configuration."""

    text: str
    """Ends with a line break; contains a shared key only if it was asked for."""
    notes: tuple[str, ...]
    """What is otherwise than Azure has it, and works."""
    refusals: tuple[str, ...]
    """What the device cannot do, so that no tunnel comes up with it."""


class Page:
    """Collects lines; comments are wrapped, and begin with the device's own sign."""

    def __init__(self, comment_sign: str) -> None:
        self._sign = comment_sign
        self._lines: list[str] = []
        self._notes: list[str] = []
        self._refusals: list[str] = []

    def lines(self, *texts: str) -> None:
        """Add lines as they are."""
        self._lines += texts

    def comment(self, text: str, *, indent: str = "") -> None:
        """Add a comment."""
        sign = f"{indent}{self._sign} " if self._sign else indent
        self._lines += textwrap.wrap(
            text, _WIDTH, initial_indent=sign, subsequent_indent=sign, break_long_words=False, break_on_hyphens=False
        )

    def remark(self, text: str) -> None:
        """Add a comment that must stay on one line, such as a command to copy."""
        self._lines.append(f"{self._sign} {text}" if self._sign else text)

    def note(self, text: str, *, indent: str = "") -> None:
        """Say what is otherwise here, and works; once, however often it is said."""
        if text not in self._notes:
            self._notes.append(text)
            self.comment(f"NOTE: {text}", indent=indent)

    def refuse(self, text: str, *, indent: str = "") -> None:
        """Say what the device cannot do."""
        if text not in self._refusals:
            self._refusals.append(text)
            self.comment(f"CANNOT: {text}", indent=indent)

    def done(self) -> Rendered:
        """The finished configuration."""
        return Rendered("\n".join(self._lines) + "\n", tuple(self._notes), tuple(self._refusals))
