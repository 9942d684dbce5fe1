from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.reservations import Reservations
from support.fakes.clock import FakeClock

EDIT, UNDO, RESYNC = Priority.EDIT, Priority.UNDO, Priority.RESYNC


class Ledger:
    """Reservations whose wake-ups are written down."""

    def __init__(self, patience: float = 60.0) -> None:
        self.clock = FakeClock()
        self.woken: list[str] = []
        self.book = Reservations[str](self.clock, lambda holder, _: self.woken.append(holder), patience=patience)

    def ask(self, holder: str, resources: Iterable[str], priority: Priority = EDIT) -> bool:
        return self.book.try_reserve(holder, frozenset(resources), priority=priority)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_a_free_resource_is_given_and_a_taken_one_is_not(ledger: Ledger):
    assert ledger.ask("a", ["g1"])
    assert not ledger.ask("b", ["g1"])
    assert ledger.book.holder_of("g1") == "a"
    assert ledger.book.blockers("b") == ("a",)
    assert ledger.book.waiting("b") == 1
    assert ledger.book.waiting("a") is None


def test_all_or_nothing(ledger: Ledger):
    ledger.ask("a", ["g1"])
    assert not ledger.ask("pair", ["g1", "g2"])
    assert ledger.book.holder_of("g2") is None
    assert ledger.book.held_by("pair") == frozenset()


def test_asking_again_for_what_one_holds_is_granted(ledger: Ledger):
    assert ledger.ask("a", ["g1", "g2"])
    assert ledger.ask("a", ["g1", "g2"])
    assert ledger.ask("a", ["g2"])
    assert ledger.book.held_by("a") == {"g1", "g2"}


def test_asking_for_more_while_holding_is_refused_as_a_mistake(ledger: Ledger):
    ledger.ask("a", ["g1"])
    with pytest.raises(ValueError, match="must be released first"):
        ledger.ask("a", ["g1", "g2"])


def test_a_release_wakes_the_best_waiter_only(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("resync", ["g1"], RESYNC)
    ledger.ask("edit", ["g1"], EDIT)
    ledger.ask("undo", ["g1"], UNDO)
    assert [ledger.book.waiting(h) for h in ("undo", "edit", "resync")] == [1, 2, 3]
    ledger.book.release("a")
    assert ledger.woken == ["undo"]


def test_a_release_wakes_everybody_who_can_go(ledger: Ledger):
    ledger.ask("pair", ["g1", "g2"])
    ledger.ask("a", ["g1"])
    ledger.ask("b", ["g2"])
    ledger.book.release("pair")
    assert ledger.woken == ["a", "b"]


@pytest.mark.parametrize(
    ("newcomer", "granted"),
    [
        pytest.param(RESYNC, False, id="a less urgent newcomer does not overtake"),
        pytest.param(EDIT, False, id="an equally urgent newcomer does not overtake"),
        pytest.param(UNDO, True, id="a more urgent newcomer does"),
    ],
)
def test_who_may_overtake_a_waiter_that_was_just_woken(ledger: Ledger, newcomer: Priority, granted: bool):
    ledger.ask("a", ["g1"])
    ledger.ask("waiter", ["g1"], EDIT)
    ledger.book.release("a")
    assert ledger.ask("newcomer", ["g1"], newcomer) is granted
    assert ledger.ask("waiter", ["g1"], EDIT) is not granted


def test_nobody_takes_one_half_from_a_pair_that_waits_for_the_other(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("pair", ["g1", "g2"])
    assert not ledger.ask("b", ["g2"]), "g2 is free, but the pair comes first"
    ledger.book.release("a")
    assert ledger.woken == ["pair"]


def test_who_shares_no_resource_with_a_waiter_is_not_held_up(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("b", ["g1"], UNDO)
    assert ledger.ask("c", ["g2"], RESYNC)


def test_asking_again_keeps_the_place(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("first", ["g1"])
    ledger.ask("second", ["g1"])
    ledger.ask("first", ["g1"])
    assert (ledger.book.waiting("first"), ledger.book.waiting("second")) == (1, 2)


def test_a_waiter_refused_after_its_wake_is_woken_again(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("waiter", ["g1"], EDIT)
    ledger.book.release("a")
    ledger.ask("urgent", ["g1"], UNDO)
    ledger.ask("waiter", ["g1"], EDIT)
    ledger.book.release("urgent")
    assert ledger.woken == ["waiter", "waiter"]


def test_a_waiter_that_needs_nothing_any_more_lets_the_next_go(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("first", ["g1"])
    ledger.ask("second", ["g1"])
    ledger.book.release("a")
    ledger.book.withdraw("first")
    assert ledger.woken == ["first", "second"]
    assert ledger.ask("second", ["g1"])


def test_a_waiter_that_asks_for_less_lets_others_go(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("pair", ["g1", "g2"])
    ledger.ask("b", ["g2"])
    ledger.ask("pair", ["g1"])
    assert ledger.woken == ["b"]


def test_a_waiter_that_becomes_less_urgent_lets_others_go(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("x", ["g1", "g2"], UNDO)
    ledger.ask("b", ["g2"], EDIT)
    ledger.ask("x", ["g1", "g2"], RESYNC)
    assert ledger.woken == ["b"]


def test_whoever_is_gone_blocks_nobody(ledger: Ledger):
    ledger.ask("a", ["g1"])
    ledger.ask("gone", ["g1", "g2"])
    ledger.ask("b", ["g2"])
    ledger.book.forget("gone")
    assert ledger.woken == ["b"]
    ledger.book.forget("a")
    assert ledger.book.holder_of("g1") is None


def test_a_woken_waiter_that_never_comes_loses_its_place():
    ledger = Ledger(patience=60)
    ledger.ask("a", ["g1"])
    ledger.ask("lost", ["g1"])
    ledger.ask("next", ["g1"])
    ledger.book.release("a")
    ledger.clock.jump(60)
    assert not ledger.ask("next", ["g1"]), "it still has its chance"
    ledger.clock.jump(1)
    assert ledger.ask("next", ["g1"])
    assert ledger.book.waiting("lost") is None


def test_a_waiter_that_comes_late_but_first_keeps_its_place():
    ledger = Ledger(patience=60)
    ledger.ask("a", ["g1"])
    ledger.ask("late", ["g1"])
    ledger.ask("next", ["g1"])
    ledger.book.release("a")
    ledger.clock.jump(1000)
    assert ledger.ask("late", ["g1"])


def test_waiting_is_not_limited_by_patience_while_the_resource_is_held():
    ledger = Ledger(patience=60)
    ledger.ask("a", ["g1"])
    ledger.ask("waiter", ["g1"])
    ledger.clock.jump(10_000)
    assert not ledger.ask("other", ["g1"])
    assert ledger.book.waiting("waiter") == 1


def test_needing_nothing_is_always_granted(ledger: Ledger):
    assert ledger.ask("a", [])
    ledger.book.release("a")
    ledger.book.release("never seen")
    assert ledger.woken == []


def test_a_woken_waiter_may_ask_at_once():
    clock = FakeClock()
    granted: list[str] = []

    def ask_at_once(holder: str, priority: int) -> None:
        if book.try_reserve(holder, frozenset({"g1"}), priority=priority):
            granted.append(holder)

    book = Reservations[str](clock, ask_at_once)
    for holder in ("a", "b", "c"):
        book.try_reserve(holder, frozenset({"g1"}))
    book.release("a")
    book.release("b")
    assert granted == ["b", "c"]


RESOURCES = st.frozensets(st.sampled_from(["g1", "g2", "g3", "g4"]), min_size=1, max_size=3)


@pytest.mark.slow
@given(st.lists(st.tuples(RESOURCES, st.sampled_from(list(Priority))), max_size=25), st.data())
def test_everybody_gets_a_turn_and_nobody_shares(wishes: list[tuple[frozenset[str], Priority]], data: st.DataObject):
    """Holders come, ask when told, and go, in any order: the line drains by wake-ups alone."""
    ledger = Ledger()
    todo = {f"h{n}": wish for n, wish in enumerate(wishes)}
    unasked = list(todo)
    holding: set[str] = set()
    served: list[str] = []

    def ask(holder: str) -> None:
        resources, priority = todo[holder]
        ahead = [
            other
            for other, (others, its) in todo.items()
            if ledger.book.waiting(other) is not None and other != holder and others & resources and its < priority
        ]
        if ledger.ask(holder, resources, priority):
            assert not ahead, "overtook somebody more urgent"
            holding.add(holder)
            served.append(holder)

    while unasked or holding or ledger.woken:
        choices = ["ask"] * bool(unasked) + ["release"] * bool(holding) + ["woken"] * bool(ledger.woken)
        match data.draw(st.sampled_from(choices)):
            case "ask":
                ask(unasked.pop(0))
            case "woken":
                holder = ledger.woken.pop(0)
                if holder not in served:
                    ask(holder)
            case "release":
                holder = data.draw(st.sampled_from(sorted(holding)))
                holding.remove(holder)
                ledger.book.release(holder)
        for holder in holding:
            assert ledger.book.held_by(holder) == todo[holder][0]
            assert all(ledger.book.holder_of(resource) == holder for resource in todo[holder][0])
        assert sum(len(todo[h][0]) for h in holding) == len(frozenset().union(*(todo[h][0] for h in holding)))
    assert sorted(served) == sorted(todo)
    assert not any(ledger.book.waiting(holder) for holder in todo)


@given(st.lists(st.tuples(RESOURCES, st.sampled_from(list(Priority))), min_size=1, max_size=15), st.data())
def test_a_release_wakes_exactly_those_who_would_be_granted(
    wishes: list[tuple[frozenset[str], Priority]], data: st.DataObject
):
    ledger = Ledger()
    waiting = [
        (f"h{n}", resources, priority)
        for n, (resources, priority) in enumerate(wishes)
        if not ledger.ask(f"h{n}", resources, priority)
    ]
    holders = sorted({f"h{n}" for n in range(len(wishes))} - {name for name, _, _ in waiting})
    ledger.book.release(data.draw(st.sampled_from(holders)))
    woken = set(ledger.woken)
    granted = {name for name, resources, priority in waiting if ledger.ask(name, resources, priority)}
    assert granted == woken
