"""What a rule is about, for reports that describe rules apart from what broke them."""

from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.domain.rules.examination import RULES


@dataclass(frozen=True, slots=True)
class RuleText:
    """What must hold, and what to do if it does not."""

    summary: str
    action: str = ""


_OWN: Final = {
    "type": RuleText("A value must have the type that the schema says."),
    "enum": RuleText("A value must be one of those that the schema lists."),
    "range": RuleText("A number must be within the limits of the schema."),
    "length": RuleText("A text must be as long as the schema allows."),
    "items": RuleText("A list or map must have as many entries as the schema allows."),
    "required": RuleText("A field that the schema requires must be set."),
    "unknown-field": RuleText("A field must be one that the schema has.", "Correct its name, or remove it."),
    "object-name": RuleText("Names must be such as Kubernetes takes."),
    "label": RuleText("Labels must be such as Kubernetes takes."),
    "annotation": RuleText("Annotations must be such as Kubernetes takes."),
    "finalizer": RuleText("Finalizers must be such as Kubernetes takes."),
    "owners": RuleText("At most one owner must be the controller."),
    "no-such-kind": RuleText("The kind and its version must be served.", "Correct apiVersion or kind."),
    "unreadable": RuleText("A file must be readable, and UTF-8."),
    "yaml-syntax": RuleText("A file must be YAML or JSON."),
    "yaml-tab": RuleText("YAML is indented with spaces.", "Write spaces instead of tabs."),
    "duplicate-key": RuleText("A key must be there once: of two values one would be lost."),
    "duplicate-object": RuleText("An object must be there once: of two the later one would win."),
    "helm-template": RuleText("Templates are checked as manifests.", "Pipe helm template into the linter."),
    "selectors-overlap": RuleText("Traffic selectors at one gateway must be disjoint.", "Make the ranges disjoint."),
}


def describe(rule: str) -> RuleText | None:
    """The text of a rule; None for advice, which has none but its message."""
    if rule in _OWN:
        return _OWN[rule]
    if rule in set(Reason):
        info = REASONS[Reason(rule)]
        return RuleText(info.meaning, info.action)
    if rule.startswith("floor-"):
        return RuleText("Encryption must not be below the crypto floor that was asked for.")
    message = next((one.message for rules in RULES.values() for one in rules if one.id == rule), None)
    return RuleText(message) if message is not None else None
