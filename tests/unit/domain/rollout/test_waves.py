"""Who moves next to the new values of a policy: a table for each rule, and a random rollout that keeps its bounds and comes to its end."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from azure_vpn_operator.api.ipsec_policy import RolloutStrategy
from azure_vpn_operator.domain.rollout.waves import Member, Standing, WaveTerms, most_unavailable, plan_wave
from support.builders import NOW

STAGED = WaveTerms(RolloutStrategy.STAGED, 4)
AT_ONCE = WaveTerms(RolloutStrategy.ALL_AT_ONCE, 1)
PROVEN = {"moved": True}
LETTERS = {
    "b": Member("", Standing.BEHIND, healthy=True),
    "u": Member("", Standing.BEHIND, healthy=False),
    "f": Member("", Standing.BEHIND, healthy=False, in_flight=True),
    "c": Member("", Standing.BEHIND, healthy=True, closed=True, opens=NOW + timedelta(hours=1)),
    "m": Member("", Standing.MOVING, healthy=False),
    "p": Member("", Standing.PROVISIONAL, healthy=True),
    "d": Member("", Standing.DONE, healthy=True, moved=True),
    "h": Member("", Standing.DONE, healthy=True),
    "x": Member("", Standing.FAILED, healthy=True),
    "s": Member("", Standing.SKIPPED, healthy=True),
}
"""b: behind; u: behind and down; f: unconfirmed with values from before; c: its window is closed; m: moving; p: its first rekey is to
come; d: has moved and proved it; h: held the values from the start; x: failed; s: takes no part."""


def members(letters: str) -> list[Member]:
    return [replace(LETTERS[letter], name=f"{number:x}") for number, letter in enumerate(letters)]


@pytest.mark.parametrize(
    ("letters", "terms", "expected"),
    [
        pytest.param("bbbb", STAGED, "0", id="the first one is the canary"),
        pytest.param("ubbb", STAGED, "1", id="a canary that is down would prove nothing"),
        pytest.param("uuuu", STAGED, "0", id="unless all are down"),
        pytest.param("mbbb", STAGED, "", id="nobody moves before the canary has proved it"),
        pytest.param("dbbbb", STAGED, "12", id="then two"),
        pytest.param("ddbmb", STAGED, "24", id="each that has proved it makes room for one more"),
        pytest.param("dddbbbbb", STAGED, "3456", id="then four, which is the most"),
        pytest.param("ddddddbbbbb", STAGED, "6789", id="never more than the most"),
        pytest.param("hhhhbb", STAGED, "4", id="those who held the values before prove nothing"),
        pytest.param("sbsb", STAGED, "1", id="who takes no part is no canary"),
        pytest.param("ddxbbb", STAGED, "", id="after a failure nobody moves"),
        pytest.param("bbbb", replace(STAGED, paused=True), "", id="nor while it is paused"),
        pytest.param("dmbb", replace(STAGED, paused=True), "", id="also in its middle"),
        pytest.param("bbbb", AT_ONCE, "0123", id="all at once"),
        pytest.param("bxbb", AT_ONCE, "", id="a failure stops that too"),
        pytest.param("pbbb", replace(STAGED, rekey_proof=True), "", id="the canary waits for its rekey"),
        pytest.param("pbbb", STAGED, "12", id="unless nobody wants that"),
        pytest.param("dpbb", replace(STAGED, rekey_proof=True), "23", id="later ones need not wait for theirs"),
        pytest.param("bbfb", STAGED, "2", id="who is in flight goes first"),
        pytest.param("bffb", STAGED, "1", id="one of two in flight; the other keeps its place"),
        pytest.param("dbfb", STAGED, "21", id="and another one, if there is room besides"),
        pytest.param("cbcb", STAGED, "1", id="who waits for a window lets others go first"),
        pytest.param("cccc", STAGED, "", id="all wait for a window"),
        pytest.param("", STAGED, "", id="nobody uses it"),
    ],
)
def test_who_moves_next(letters: str, terms: WaveTerms, expected: str):
    assert plan_wave(members(letters), terms).next == tuple(expected)


def test_the_counts_are_those_of_the_members():
    wave = plan_wave(members("dhmmbbcs"), STAGED)
    assert (wave.done, wave.moving, wave.behind, wave.skipped, wave.failed) == (2, ("2", "3"), 3, 1, ())
    assert (wave.closed, wave.opens) == (1, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("wanted", "participants", "most"),
    [
        ("10%", 100, 10),
        ("10%", 19, 1),
        ("10%", 20, 2),
        ("10%", 3, 1),
        ("1%", 5, 1),
        ("100%", 7, 7),
        (3, 100, 3),
        (500, 100, 500),
    ],
)
def test_the_most_that_may_be_unavailable(wanted: int | str, participants: int, most: int):
    assert most_unavailable(wanted, participants) == most


class Rollouts(RuleBasedStateMachine):
    """A rollout to one target after the other, in which everything happens that may happen to its members."""

    @initialize(
        size=st.integers(1, 12),
        most=st.one_of(st.integers(1, 5), st.sampled_from(["10%", "30%", "100%"])),
        rekey=st.booleans(),
    )
    def begin(self, size: int, most: int | str, rekey: bool) -> None:
        self.terms = WaveTerms(RolloutStrategy.STAGED, most, rekey_proof=rekey)
        self.members = {f"{number:02}": Member(f"{number:02}", Standing.BEHIND, healthy=True) for number in range(size)}
        self.failed = False
        self.tried_after_failure = 0

    def names(self, *standings: Standing) -> list[str]:
        return [name for name, member in self.members.items() if member.standing in standings]

    def become(self, names: Iterable[str], standing: Standing, **changes: bool) -> None:
        for name in names:
            self.members[name] = replace(self.members[name], standing=standing, **{"in_flight": False, **changes})

    def unconfirmed(self) -> list[str]:
        flying = [name for name, member in self.members.items() if member.in_flight]
        return [*self.names(Standing.MOVING), *flying]

    def step(self) -> tuple[str, ...]:
        """Let those move who may; returns them."""
        before = len(self.unconfirmed())
        chosen = plan_wave([*self.members.values()], self.terms).next
        self.become(chosen, Standing.MOVING)
        participants = len(self.members) - len(self.names(Standing.SKIPPED))
        bound = most_unavailable(self.terms.max_unavailable, participants)
        assert len(self.unconfirmed()) <= max(bound, before), "more are unconfirmed than allowed"
        if not any(member.moved or member.standing is Standing.PROVISIONAL for member in self.members.values()):
            assert len(self.unconfirmed()) <= max(1, before), "others move before the canary has proved it"
        if self.failed:
            assert not chosen, "what has failed is tried again unasked"
        return chosen

    @rule()
    def go_on(self) -> None:
        self.step()

    @rule(data=st.data(), pfs=st.booleans())
    def prove(self, data: st.DataObject, pfs: bool) -> None:
        if moving := self.names(Standing.MOVING):
            name = data.draw(st.sampled_from(moving))
            self.become([name], Standing.PROVISIONAL if pfs else Standing.DONE, moved=not pfs, healthy=True)

    @rule(data=st.data())
    def rekey(self, data: st.DataObject) -> None:
        if waiting := self.names(Standing.PROVISIONAL):
            self.become([data.draw(st.sampled_from(waiting))], Standing.DONE, moved=True)

    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        if moving := self.names(Standing.MOVING):
            self.become([data.draw(st.sampled_from(moving))], Standing.FAILED)
            self.failed = True

    @rule(data=st.data())
    def lose_or_regain(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.members)))
        self.members[name] = replace(self.members[name], healthy=not self.members[name].healthy)

    @rule(data=st.data())
    def suspend_or_resume(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.members)))
        if self.members[name].standing is Standing.BEHIND and not self.members[name].in_flight:
            self.become([name], Standing.SKIPPED)
        elif self.members[name].standing is Standing.SKIPPED:
            self.become([name], Standing.BEHIND)

    @rule()
    def edit(self) -> None:
        """Another target: all are behind again, and those on their way still are."""
        flying = set(self.unconfirmed())
        for name in [*self.members]:
            if self.members[name].standing is not Standing.SKIPPED:
                self.become([name], Standing.BEHIND, moved=False, in_flight=name in flying)
        self.failed = False

    @precondition(lambda self: not self.failed)
    @rule(data=st.data())
    def confirm_those_in_flight(self, data: st.DataObject) -> None:
        if flying := [name for name, member in self.members.items() if member.in_flight]:
            self.become([data.draw(st.sampled_from(flying))], Standing.BEHIND)

    @invariant()
    def ends(self) -> None:
        """If all prove it from now on, all of them get there."""
        if not hasattr(self, "members") or self.failed:
            return
        kept = dict(self.members)
        for _ in range(3 * len(self.members) + 3):
            self.become([name for name, member in self.members.items() if member.in_flight], Standing.BEHIND)
            self.step()
            self.become(self.names(Standing.MOVING, Standing.PROVISIONAL), Standing.DONE, moved=True)
        assert not self.names(Standing.BEHIND), "it never ends"
        self.members = kept


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(stateful_step_count=30)
