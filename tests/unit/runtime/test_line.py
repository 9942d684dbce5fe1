from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.line import Line
from azure_vpn_operator.runtime.priority import Priority
from support.fakes.clock import FakeClock

UNDO, EDIT, ROLLOUT, DRIFT, RESYNC = Priority


class Front:
    """A line whose calls are written down. Holders are named `namespace/name`; without a namespace all are of one."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.called: list[str] = []
        self.later: list[tuple[str, float]] = []
        self.line = Line[str](self.clock, self._note, group_of=lambda holder: holder.rpartition("/")[0])

    def _note(self, holder: str, _priority: Priority, after: float) -> None:
        if after:
            self.later.append((holder, after))
        else:
            assert self.line.held_by(holder), "who is called has its resources"
            self.called.append(holder)

    def enter(self, holder: str, resources: Iterable[str] = ("g1",), priority: Priority = EDIT) -> bool:
        return self.line.enter(holder, frozenset(resources), priority=priority)

    def drain(self, resource: str = "g1") -> list[str]:
        """Who gets the resource, one after the other, until nobody wants it."""
        order = []
        while (holder := self.line.holder_of(resource)) is not None:
            order.append(holder)
            self.line.release(holder)
        return order


@pytest.fixture
def front() -> Front:
    return Front()


def test_a_free_resource_is_given_at_once_and_a_taken_one_to_the_next_when_it_is_released(front: Front):
    assert front.enter("a")
    assert not front.enter("b")
    assert (front.line.holder_of("g1"), front.line.waits("b"), front.line.blockers("b")) == ("a", True, ("a",))
    front.line.release("a")
    assert front.called == ["b"]
    assert (front.line.holder_of("g1"), front.line.waits("b")) == ("b", False)


def test_all_or_nothing(front: Front):
    front.enter("a", ["g1"])
    assert not front.enter("pair", ["g1", "g2"])
    assert front.line.holder_of("g2") is None
    front.line.release("a")
    assert front.line.held_by("pair") == {"g1", "g2"}


def test_entering_again_for_what_one_holds_is_granted(front: Front):
    assert front.enter("a", ["g1", "g2"])
    assert front.enter("a", ["g2"])
    assert front.line.held_by("a") == {"g1", "g2"}


def test_asking_for_more_while_holding_is_refused_as_a_mistake(front: Front):
    front.enter("a", ["g1"])
    with pytest.raises(ValueError, match="must be released first"):
        front.enter("a", ["g1", "g2"])


def test_the_order_is_undo_edit_rollout_drift_resync_however_they_come(front: Front):
    front.enter("first")
    for priority in reversed(Priority):
        front.enter(priority.name, priority=priority)
    assert [front.line.ahead_of(priority.name) for priority in Priority] == [0, 1, 2, 3, 4]
    assert front.drain() == ["first", "UNDO", "EDIT", "ROLLOUT", "DRIFT", "RESYNC"]


def test_among_equals_of_one_namespace_who_came_first_goes_first(front: Front):
    for number in range(5):
        front.enter(f"h{number}")
    assert front.drain() == [f"h{number}" for number in range(5)]


def test_namespaces_take_turns_among_equals(front: Front):
    front.enter("red/now", priority=ROLLOUT)
    for number in range(4):
        front.enter(f"red/{number}", priority=ROLLOUT)
    for number in range(2):
        front.enter(f"blue/{number}", priority=ROLLOUT)
    front.enter("blue/edit", priority=EDIT)
    assert front.drain() == [
        "red/now",
        "blue/edit",
        "red/0",
        "blue/0",
        "red/1",
        "blue/1",
        "red/2",
        "red/3",
    ]


def test_a_namespace_that_was_silent_gets_no_credit_for_that(front: Front):
    front.enter("red/now")
    for number in range(4):
        front.enter(f"red/{number}")
    for holder in ("red/now", "red/0"):
        front.line.release(holder)
    for number in range(3):
        front.enter(f"blue/{number}")
    assert front.drain() == ["red/1", "blue/0", "red/2", "blue/1", "red/3", "blue/2"]


def test_a_pair_whose_second_line_is_far_ahead_is_not_overtaken_by_the_first_one(front: Front):
    """The numbers of a busy gateway are higher than those of a quiet one; that must not cost the pair its place."""
    front.enter("red/busy", ["g2"])
    for number in range(20):
        front.enter(f"red/{number}", ["g2"])
    front.enter("red/quiet", ["g1"])
    front.enter("red/pair", ["g1", "g2"])
    for number in range(3):
        front.enter(f"blue/{number}", ["g1"])
    front.drain("g2")
    assert front.drain("g1") == ["red/quiet", "red/pair", "blue/0", "blue/1", "blue/2"]


def test_nobody_takes_one_half_from_a_pair_that_waits_for_the_other(front: Front):
    front.enter("a", ["g1"])
    front.enter("pair", ["g1", "g2"])
    assert not front.enter("b", ["g2"]), "g2 is free, but the pair comes first"
    front.line.release("a")
    assert front.called == ["pair"]
    front.line.release("pair")
    assert front.called == ["pair", "b"]


def test_who_is_more_urgent_passes_a_pair_that_waits(front: Front):
    front.enter("a", ["g1"])
    front.enter("pair", ["g1", "g2"], ROLLOUT)
    assert front.enter("edit", ["g2"], EDIT)


def test_who_shares_no_resource_with_a_waiter_is_not_held_up(front: Front):
    front.enter("a", ["g1"])
    front.enter("b", ["g1"], UNDO)
    assert front.enter("c", ["g2"], RESYNC)


def test_a_release_calls_everybody_who_can_go(front: Front):
    front.enter("pair", ["g1", "g2"])
    front.enter("a", ["g1"])
    front.enter("b", ["g2"])
    front.line.release("pair")
    assert front.called == ["a", "b"]


def test_entering_again_keeps_the_place_and_a_better_priority_improves_it(front: Front):
    for holder in ("now", "first", "second", "third"):
        front.enter(holder, priority=ROLLOUT)
    front.enter("first", priority=RESYNC)
    front.enter("third", priority=EDIT)
    assert front.drain() == ["now", "third", "first", "second"]


def test_a_waiter_that_needs_something_else_now_lets_others_go(front: Front):
    front.enter("a", ["g1"])
    front.enter("pair", ["g1", "g2"])
    front.enter("b", ["g2"])
    front.enter("pair", ["g1"])
    assert front.called == ["b"]


def test_a_waiter_that_needs_nothing_any_more_lets_the_next_go(front: Front):
    for holder in ("a", "first", "second"):
        front.enter(holder)
    front.line.leave("first")
    front.line.release("a")
    assert front.called == ["second"]


def test_whoever_is_gone_blocks_nobody(front: Front):
    front.enter("a", ["g1"])
    front.enter("gone", ["g1", "g2"])
    front.enter("b", ["g2"])
    front.line.forget("gone")
    assert front.called == ["b"]
    front.line.forget("a")
    assert front.line.holder_of("g1") is None
    assert len(front.line) == 0


def test_needing_nothing_is_always_granted(front: Front):
    assert front.enter("a", [])
    front.line.release("a")
    front.line.forget("never seen")
    assert (front.called, len(front.line)) == ([], 0)


# -- closed resources


def test_a_closed_resource_is_given_to_nobody_and_the_first_is_told_when_to_come(front: Front):
    front.enter("a")
    front.enter("b")
    front.line.close(["g1"], 10.0)
    front.line.release("a")
    assert front.called == []
    assert front.later == [("b", pytest.approx(10.0))]
    front.clock.jump(10.0)
    assert front.enter("b")


def test_who_has_a_closed_resource_keeps_it(front: Front):
    front.enter("a", ["g1", "g2"])
    front.line.close(["g1"], 10.0)
    assert front.enter("a", ["g1"])


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        pytest.param(lambda front: front.line.leave("b"), "c", id="the first leaves"),
        pytest.param(lambda front: front.enter("d", priority=UNDO), "d", id="somebody more urgent comes"),
    ],
)
def test_there_is_always_somebody_told_to_come_when_a_resource_opens(
    front: Front, happens: Callable[[Front], object], told: str
):
    for holder in ("a", "b", "c"):
        front.enter(holder)
    front.line.close(["g1"], 10.0)
    front.line.release("a")
    front.clock.jump(4.0)
    happens(front)
    assert front.later[-1] == (told, pytest.approx(6.0))


def test_whoever_comes_after_a_closure_gives_the_resource_to_the_first(front: Front):
    for holder in ("a", "b"):
        front.enter(holder)
    front.line.close(["g1"], 10.0)
    front.line.release("a")
    front.clock.jump(11.0)
    assert not front.enter("c")
    assert front.called == ["b"]


def test_a_later_closure_does_not_shorten_an_earlier_one(front: Front):
    front.line.close(["g1"], 10.0)
    front.line.close(["g1"], 1.0)
    front.clock.jump(5.0)
    assert not front.enter("a")


# -- laws

RESOURCES = st.frozensets(st.sampled_from(["g1", "g2", "g3", "g4"]), min_size=1, max_size=3)
WISHES = st.lists(
    st.tuples(RESOURCES, st.sampled_from(list(Priority)), st.sampled_from(["red", "blue", "green"])), max_size=25
)


class Crowd:
    """Holders that come, give back in any order, and close what they had; each is called once it has its resources."""

    def __init__(self, wishes: list[tuple[frozenset[str], Priority, str]]) -> None:
        self.front = Front()
        self.wishes = {f"{group}/{n}": (resources, priority) for n, (resources, priority, group) in enumerate(wishes)}
        self.to_come = list(self.wishes)
        self.holding: set[str] = set()
        self.served: list[str] = []

    @property
    def busy(self) -> bool:
        return bool(self.to_come or self.holding or len(self.front.line))

    def come(self) -> None:
        holder = self.to_come.pop(0)
        if self.front.enter(holder, *self.wishes[holder]):
            self._take(holder)

    def come_later(self) -> None:
        holder, after = self.front.later.pop(0)
        self.front.clock.jump(after)
        if self.front.line.waits(holder) and self.front.enter(holder, *self.wishes[holder]):
            self._take(holder)

    def give_back(self, holder: str, *, closed: bool) -> None:
        self.holding.remove(holder)
        if closed:
            self.front.line.close(self.wishes[holder][0], 5.0)
        self.front.line.release(holder)

    def answer_calls(self) -> None:
        while self.front.called:
            self._take(self.front.called.pop(0))

    def check(self) -> None:
        held = [self.wishes[holder][0] for holder in self.holding]
        assert all(self.front.line.held_by(holder) == self.wishes[holder][0] for holder in self.holding)
        assert sum(map(len, held)) == len(frozenset().union(*held)), "a resource is held twice"

    def _take(self, holder: str) -> None:
        resources, priority = self.wishes[holder]
        for other, (others, its) in self.wishes.items():
            assert not (self.front.line.waits(other) and others & resources and its < priority), f"passed {other}"
        self.holding.add(holder)
        self.served.append(holder)


@pytest.mark.slow
@given(WISHES, st.data())
def test_everybody_gets_a_turn_nobody_shares_and_nobody_passes_a_more_urgent_one(
    wishes: list[tuple[frozenset[str], Priority, str]], data: st.DataObject
):
    crowd = Crowd(wishes)
    while crowd.busy:
        choices = ["come"] * bool(crowd.to_come) + ["give"] * bool(crowd.holding) + ["later"] * bool(crowd.front.later)
        match data.draw(st.sampled_from(choices)):
            case "come":
                crowd.come()
            case "give":
                crowd.give_back(data.draw(st.sampled_from(sorted(crowd.holding))), closed=data.draw(st.booleans()))
            case "later":
                crowd.come_later()
        crowd.answer_calls()
        crowd.check()
    assert sorted(crowd.served) == sorted(crowd.wishes)


@given(st.lists(st.sampled_from(["red", "blue", "green"]), min_size=2, max_size=40))
def test_no_namespace_is_more_than_one_turn_ahead_of_another_that_still_waits(groups: list[str]):
    front = Front()
    front.enter("now")
    for number, group in enumerate(groups):
        front.enter(f"{group}/{number}")
    served: Counter[str] = Counter()
    for holder in front.drain()[1:]:
        group = holder.partition("/")[0]
        served[group] += 1
        for other in set(groups) - {group}:
            assert served[other] >= min(served[group] - 1, groups.count(other))


def test_what_a_release_costs_does_not_grow_with_the_line(monkeypatch: pytest.MonkeyPatch):
    """Comparisons of ranks are what grows; the search for a place takes the logarithm of the line's length."""

    def comparisons(size: int) -> int:
        count = 0

        class Rank(tuple[int, ...]):
            __slots__ = ()

            def __lt__(self, other: object) -> bool:
                nonlocal count
                count += 1
                return tuple.__lt__(self, other)  # type: ignore[operator]

        front = Front()
        front.enter("now")
        for number in range(size):
            front.enter(f"h{number}")
        for waiter in front.line._waiters.values():
            waiter.rank = Rank(waiter.rank)  # type: ignore[assignment]
        front.line.release("now")
        return count

    assert comparisons(4000) <= comparisons(100) + 16


def test_who_enters_anew_gives_way_to_those_who_come_first_and_else_keeps_what_it_has():
    woken: list[str] = []
    line: Line[str] = Line(FakeClock(), lambda holder, *_: woken.append(holder))
    gateway = frozenset({"g"})
    assert line.enter("a", gateway, priority=Priority.ROLLOUT)
    assert line.enter_anew("a", gateway, priority=Priority.ROLLOUT), "nobody waits"
    assert not line.enter("b", gateway, priority=Priority.EDIT)
    assert line.enter_anew("a", gateway, priority=Priority.UNDO), "it comes first itself"
    assert not line.enter_anew("a", gateway, priority=Priority.ROLLOUT)
    assert (line.holder_of("g"), woken) == ("b", ["b"])
    line.release("b")
    assert line.holder_of("g") == "a"
