"""Plays mishaps, asks `diagnose`, and counts: named right, admitted that it is not known, named wrong."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.diagnosis.diagnose import diagnose
from support.mishaps.stage import Logs, Stage
from support.mishaps.table import KINDS, Kind

BEGIN: Final = "<!-- mishaps: made by `python -m support.mishaps --write` -->\n"
END: Final = "<!-- end of mishaps -->\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one mishap."""

    kind: Kind
    seed: int
    truth: frozenset[Reason]
    named: frozenset[Reason]
    """The causes that were named; none if the answer is that it is not known."""
    first: Reason | None
    admitted: bool
    """It says that the cause is not known, and what would tell."""

    @property
    def is_right(self) -> bool:
        """Whether a true cause comes first; what nobody can know is right if it is admitted."""
        if Reason.UNKNOWN_PEER_SIDE in self.truth:
            return self.admitted
        return self.first in self.truth and not self.is_wrong

    @property
    def is_wrong(self) -> bool:
        """Whether anything is named that is not true."""
        return bool(self.named - self.truth)


async def play(kind: Kind, seed: int, logs: Logs | None = None) -> Outcome:
    """Play one mishap; the same kind and seed are the same mishap."""
    stage = Stage(random.Random(f"{kind.title}/{seed}"), logs=logs)
    truth = await kind.play(stage)
    evidence = await stage.evidence()
    found = diagnose(evidence)
    named = frozenset(cause.reason for cause in found.known)
    admitted = not named and bool(found.causes) and bool(found.would_tell)
    first = found.causes[0].reason if found.causes else None
    return Outcome(kind, seed, truth, named, first, admitted)


async def play_all(logs: Logs | None = None) -> list[Outcome]:
    """Play all of them."""
    return [await play(kind, seed, logs) for kind in KINDS for seed in range(kind.count)]


def table_of(outcomes: Sequence[Outcome]) -> str:
    """A line for each kind, and their sums."""
    lines = ["| mishap | played | true cause named | says that it is not known | wrong |", "|---|---|---|---|---|"]
    lines += [_line(kind.title, [outcome for outcome in outcomes if outcome.kind is kind]) for kind in KINDS]
    knowable = [outcome for outcome in outcomes if outcome.kind.knowable]
    lines.append(_line("**what can be known without the log**", knowable))
    lines.append(_line("**all**", outcomes))
    return "".join(f"{line}\n" for line in lines)


def page_with(page: str, outcomes: Sequence[Outcome]) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table_of(outcomes)}{END}{after}"


def _line(title: str, some: Sequence[Outcome]) -> str:
    named = sum(outcome.is_right and bool(outcome.named) for outcome in some)
    admitted = sum(outcome.admitted for outcome in some)
    wrong = sum(outcome.is_wrong for outcome in some)
    return f"| {title} | {len(some)} | {named} | {admitted} | {wrong} |"
