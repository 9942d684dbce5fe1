"""What is wrong with an object, as values: one violation per broken rule and field."""

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from azure_vpn_operator.api.base import ObjectMeta


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one field breaks. Never quotes text that could be a key."""

    rule: str
    """The rule's id. Rules of the schema are `type`, `enum`, `range`, `length`, `items`, `required`, `duplicate`, `unknown-field`."""
    field: str
    """Path from the object's root, as the API server writes it: `spec.ingressNatRules[0].id`."""
    message: str
    """What must hold; the words of the CRD."""
    hint: str | None = None
    """A likely correction, for people."""
    said: str | None = dataclass_field(default=None, compare=False)
    """How the API server says it, behind the name of the field; None if it says it in our words."""

    @override
    def __str__(self) -> str:
        """Return field, message, rule and hint on one line."""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.field}: {self.message} [{self.rule}]{hint}"


@dataclass(frozen=True, slots=True)
class Remark:
    """Advice about one field. It refuses nothing."""

    id: str
    """Which advice this is; stable over releases."""
    field: str
    """Path from the object's root."""
    message: str
    """What is unwise about the value and what to use instead."""


def tell(violations: Iterable[Violation]) -> str:
    """All of them as one text: each field once, with everything that is wrong with it and then what to do about it."""
    by_field: dict[str, list[Violation]] = {}
    for violation in violations:
        by_field.setdefault(violation.field, []).append(violation)
    return "; ".join(_tell_field(field, found) for field, found in by_field.items())


def _tell_field(field: str, found: list[Violation]) -> str:
    messages = dict.fromkeys(f"{violation.message} [{violation.rule}]" for violation in found)
    hints = dict.fromkeys(violation.hint for violation in found if violation.hint)
    return "; ".join((f"{field}: {', '.join(messages)}", *hints))


@dataclass(frozen=True, slots=True)
class Invalid:
    """An object that breaks rules: all that it breaks, those of the metadata first, then the schema's, then ours."""

    metadata: "ObjectMeta"
    """What could be read of the metadata."""
    violations: tuple[Violation, ...]
    """At least one."""

    @override
    def __str__(self) -> str:
        """Return everything that is wrong, each field once."""
        return tell(self.violations)
