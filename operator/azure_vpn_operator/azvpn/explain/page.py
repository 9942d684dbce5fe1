"""The answer as text: the conclusion first, then what it rests on, what to do, and what is not known."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from azure_vpn_operator.azvpn.columns import age, printable
from azure_vpn_operator.azvpn.explain.answer import Answer
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness

_SURE: Final = {
    Sureness.CERTAIN: "certain",
    Sureness.LIKELY: "likely",
    Sureness.NOT_KNOWN: "the cause is not known",
}
_STATES: Final = {
    "Up": "is up",
    "PartlyUp": "is up in part",
    "Down": "is DOWN",
    "Unknown": "is not known to be up or down",
    "NotInAzure": "is not in Azure",
}


def page_of(answer: Answer, now: datetime) -> str:
    """What a person reads at 3 a.m."""
    return "".join(f"{printable(line)}\n" for line in _lines(answer, now))


def _lines(answer: Answer, now: datetime) -> Iterator[str]:
    since = f" for {age(answer.since, now)}" if answer.since is not None else ""
    ends = f" ({answer.ends})" if answer.ends else ""
    found = answer.diagnosis
    yield f"{answer.name}{ends} {_STATES[answer.state]}{since}"
    for cause in found.causes:
        yield ""
        yield from _cause(cause)
    if not found.causes:
        yield "  Nothing speaks against it."
    for cause in found.foreseen:
        yield ""
        yield from _cause(cause, "Foreseen: ")
    if found.possible:
        yield ""
        yield from _list("It may be, the nearest first", found.possible)
    if found.would_tell:
        yield ""
        yield from _list("What would tell", found.would_tell)
    if answer.remarks:
        yield ""
        yield from _list("Also", answer.remarks)
    if not answer.azure_read and found.known:
        yield ""
        yield "By the cluster's objects alone; --azure also asks Azure."


def _cause(cause: Cause, before: str = "") -> Iterator[str]:
    yield f"{before}{cause.reason} ({_SURE[cause.sureness]})"
    yield f"  {cause.summary[:1].upper()}{cause.summary[1:]}."
    if cause.evidence:
        yield from _list("  Seen", cause.evidence, "    ")
    if cause.actions:
        yield from _list("  Do", cause.actions, "    ")


def _list(heading: str, items: Iterable[str], indent: str = "  ") -> Iterator[str]:
    yield f"{heading}:"
    for item in items:
        yield f"{indent}- {item}"
