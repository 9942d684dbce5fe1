"""The map as a document that many may look at: made when somebody looks and something has changed, at most once a second for all."""

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

from azure_vpn_operator.domain.overview.model import Facts, FleetMap

INTERVAL_SECONDS: Final = 1.0
"""So long a map is shown at least before the next one is made, and so often somebody who waits looks whether there is one."""
_SHARE: Final = 0.1
"""Of the time that passes, at most this part is spent on making maps, however large they are."""


class Clock(Protocol):
    """Time for waiting and measuring."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary point."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class Source(Protocol):
    """Where the map comes from."""

    def facts(self) -> Facts:
        """What the process knows besides the objects; quick."""
        ...

    def gather(self) -> Callable[[], FleetMap]:
        """Take what is known now, quickly; what is returned draws the map of it, in whichever thread."""
        ...


@dataclass(frozen=True, slots=True)
class Edition:
    """One map as it is sent."""

    etag: str
    body: bytes
    packed: bytes
    """The body, compressed with gzip."""


class Publisher:
    """Keeps the last edition. With nobody looking it does nothing."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._making = asyncio.Lock()
        self._edition: Edition | None = None
        self._facts: Facts | None = None
        self._next = 0.0
        """When another one may be made."""
        self._outdated = True
        self._ended = asyncio.Event()

    def touch(self) -> None:
        """The objects have changed; to be called whenever they do."""
        self._outdated = True

    def end(self) -> None:
        """Keep nobody waiting any more."""
        self._ended.set()

    async def edition(self, known: str = "", within: float = 0.0) -> Edition:
        """The map of now, at most a second old. Whoever knows this one waits, up to so many seconds, until there is another one."""
        until = self._clock.monotonic() + within
        while True:
            edition = await self._refresh()
            left = until - self._clock.monotonic()
            if edition.etag != known or left <= 0 or self._ended.is_set():
                return edition
            await self._pause(min(INTERVAL_SECONDS, left))

    async def _refresh(self) -> Edition:
        async with self._making:
            begun = self._clock.monotonic()
            if self._edition is not None and begun < self._next:
                return self._edition
            facts = self._source.facts()
            if self._edition is not None and not self._outdated and facts == self._facts:
                return self._edition
            # What changes from here on belongs to the next one.
            self._outdated, self._facts = False, facts
            try:
                self._edition = await asyncio.to_thread(_print, self._source.gather())
            except BaseException:
                self._outdated = True
                raise
            finally:
                took = self._clock.monotonic() - begun
                self._next = begun + max(INTERVAL_SECONDS, took / _SHARE)
            return self._edition

    async def _pause(self, seconds: float) -> None:
        pauses = {asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._ended.wait())}
        try:
            await asyncio.wait(pauses, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pause in pauses:
                pause.cancel()


def _print(draw: Callable[[], FleetMap]) -> Edition:
    body = draw().model_dump_json(by_alias=True, exclude_none=True).encode()
    mark = blake2b(body, digest_size=12).hexdigest()
    # Weak: the same map may go out compressed or not.
    return Edition(f'W/"{mark}"', body, gzip.compress(body, compresslevel=3, mtime=0))
