"""What is said about manifests, and where."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, worst first."""

    ERROR = "error"
    """The API server refuses it, or the operator will not act on it."""
    WARNING = "warning"
    """It works, and somebody may regret it; fails only with --strict."""
    NOTE = "note"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a file: lines and columns count from 1, columns in characters. The end is behind the last character."""

    file: str
    line: int
    column: int
    end_line: int | None = None
    end_column: int | None = None
    template: str | None = None
    """The template that made it, as `helm template` says in a comment."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is said."""

    severity: Severity
    rule: str
    """Id of the rule of the domain, or the reason that the operator would give."""
    message: str
    place: Place
    field: str = ""
    """Path from the object's root; empty if it is about the whole object or file."""
    object: str = ""
    """Kind, namespace and name, as in `VpnConnection network/to-site6`; empty if it is about a file."""
    hint: str | None = None
    """What to do."""
    source: str | None = None
    """The standard that says so, of warnings about encryption."""

    @property
    def text(self) -> str:
        """Field, message, id and hint on one line."""
        start = f"{self.field}: " if self.field else ""
        template = f" (template {self.place.template})" if self.place.template else ""
        return f"{start}{self.message} [{self.rule}]{f'; {self.hint}' if self.hint else ''}{template}"


@dataclass(slots=True)
class Tally:
    """What was looked at."""

    files: list[str] = field(default_factory=list)
    """Names of what was read, in that order."""
    objects: dict[str, int] = field(default_factory=dict)
    """Kind -> how many of ours."""
    others: int = 0
    """Documents of other kinds, which are skipped."""
    skipped: list[str] = field(default_factory=list)
    """Files that are no manifests by themselves: templates of charts, patches of kustomizations."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run has found."""

    findings: tuple[Finding, ...]
    """By file, line and column, files in the order in which they were read."""
    tally: Tally
    checked: tuple[tuple[str, str], ...]
    """File and name of every object that was checked, in order."""
    strict: bool = False
    """Whether warnings fail."""

    def count(self, severity: Severity) -> int:
        """How many of them there are."""
        return sum(finding.severity is severity for finding in self.findings)

    def fails(self, finding: Finding) -> bool:
        """Whether the finding makes the run fail."""
        return finding.severity is Severity.ERROR or (self.strict and finding.severity is Severity.WARNING)

    @property
    def has_failed(self) -> bool:
        """Whether anything does."""
        return any(self.fails(finding) for finding in self.findings)
