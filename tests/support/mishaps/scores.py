"""Plays mishaps, asks `diagnose`, and counts: named right, admitted that it is not known, named wrong."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.diagnosis.diagnose import diagnose
from support.mishaps.stage import Stage
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


async def play(kind: Kind, seed: int, *, reads_log: bool = False) -> Outcome:
    """Play one mishap; the same kind and seed are the same mishap."""
    stage = Stage(random.Random(f"{kind.title}/{seed}"), reads_log=reads_log)
    truth = await kind.play(stage)
    evidence = await stage.evidence()
    found = diagnose(evidence)
    named = frozenset(cause.reason for cause in found.known)
    admitted = not named and bool(found.causes) and bool(found.would_tell)
    first = found.causes[0].reason if found.causes else None
    return Outcome(kind, seed, truth, named, first, admitted)


async def play_all(*, reads_log: bool = False) -> list[Outcome]:
    """Play all of them."""
    return [await play(kind, seed, reads_log=reads_log) for kind in KINDS for seed in range(kind.count)]


def table_of(outcomes: Sequence[Outcome], with_log: Sequence[Outcome]) -> str:
    """A line for each kind, and their sums; `with_log` are the same mishaps where the gateway's log could be read too."""
    heads = ["mishap", "played", "true cause named", "says that it is not known", "wrong"]
    heads += ["true cause named with the log", "says that it is not known", "wrong"]
    rows = [heads, ["---"] * len(heads)]
    for title, kinds in (
        *((kind.title, (kind,)) for kind in KINDS),
        ("**what can be known without the log**", tuple(kind for kind in KINDS if kind.knowable)),
        ("**all**", KINDS),
    ):
        some = [outcome for outcome in outcomes if outcome.kind in kinds]
        row = [title, str(len(some)), _named(some), str(sum(outcome.admitted for outcome in some)), _wrong(some)]
        others = [outcome for outcome in with_log if outcome.kind in kinds]
        rows.append([*row, _named(others), str(sum(outcome.admitted for outcome in others)), _wrong(others)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page_with(page: str, outcomes: Sequence[Outcome], with_log: Sequence[Outcome]) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table_of(outcomes, with_log)}{END}{after}"


def _named(some: Sequence[Outcome]) -> str:
    return str(sum(outcome.is_right and bool(outcome.named) for outcome in some))


def _wrong(some: Sequence[Outcome]) -> str:
    return str(sum(outcome.is_wrong for outcome in some))
