"""What all kinds of histories share: acts that can be left out one by one, and how a failure is made short and told."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST_WORDS: Final = 1500
"""So many characters of an error are told."""

TALLY: Counter[str] = Counter()
"""What the histories that this process has played came to, such as changes begun and confirmed, and crashes."""


@dataclass(frozen=True, slots=True)
class Act(Generic[T]):
    """Something that happens in a history that is played, and the seconds until the next."""

    text: str
    do: Callable[[T], None]
    pause: float


@dataclass(frozen=True, slots=True)
class Failure(Generic[T]):
    """A history that did not end well."""

    kind: str
    seed: int
    acts: tuple[Act[T], ...]
    problem: str

    def __str__(self) -> str:
        """The history and what was wrong at its end, to be read by a person."""
        lines = [f"  {number:2}. {act.text}, then {act.pause:g} s" for number, act in enumerate(self.acts, 1)]
        return "\n".join([f"seed {self.seed} (make chaos OF={self.kind} SEED={self.seed}):", *lines, self.problem])


Play = Callable[[int, Sequence[Act[T]]], Awaitable[Failure[T] | None]]
"""From a seed and acts to what was wrong; None if all is well."""


async def conclude(
    kind: str,
    seed: int,
    acts: Sequence[Act[T]],
    played: Awaitable[Iterable[str]],
    *,
    leave: Callable[[], Awaitable[None]],
    broken: Sequence[str] = (),
) -> Failure[T] | None:
    """Await what a history has found wrong, and leave its world; None if all is well.

    A history that ends by an AssertionError has found that, after what was `broken` on its way.
    """
    try:
        found = list(await played)
    except AssertionError as error:
        found = [*broken, str(error)[:MOST_WORDS] or repr(error)]
    finally:
        await leave()
    return Failure(kind, seed, tuple(acts), "\n".join(found)) if found else None


async def shorten(play: Play[T], failure: Failure[T], attempts: int = 24) -> Failure[T]:
    """Leave out acts for as long as it still fails."""
    size = max(len(failure.acts) // 2, 1)
    while attempts > 0:
        shorter = None
        for start in range(0, len(failure.acts), size):
            attempts -= 1
            shorter = await play(failure.seed, failure.acts[:start] + failure.acts[start + size :])
            if shorter is not None or attempts <= 0:
                break
        if shorter is not None:
            failure = shorter
        elif size == 1:
            break
        else:
            size //= 2
    return failure


def run(play: Play[T], seed: int, acts: Sequence[Act[T]], *, short: bool = True) -> str | None:
    """Play one history in an event loop of its own; the report of a failure, or None."""

    async def played() -> Failure[T] | None:
        failure = await play(seed, acts)
        return await shorten(play, failure) if failure is not None and short else failure

    failure = asyncio.run(played())
    return str(failure) if failure is not None else None
