"""Follows the access file while the operator runs. The kubelet swaps links, so the content is compared and nothing else."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.app.access_file import AccessFileError, parse_access_file, read_access_file
from azure_vpn_operator.domain.access import AccessRules
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.telemetry.access_metrics import AccessMetrics

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 5.0
REMIND_SECONDS: Final = 300.0
"""A file that cannot be used is said again so often."""


@dataclass(frozen=True, slots=True)
class LoadedAccess:
    """A valid access file as it was read."""

    path: str
    content: bytes
    rules: AccessRules


def load_access(path: str) -> LoadedAccess:
    """Read the file for the first time; raises `AccessFileError`."""
    content = read_access_file(path)
    return LoadedAccess(path, content, parse_access_file(content, path))


class AccessWatch:
    """Looks at the file again and again; one that cannot be used changes nothing, and is complained about."""

    def __init__(
        self, loaded: LoadedAccess, apply: Callable[[AccessRules], None], clock: Clock, metrics: AccessMetrics
    ) -> None:
        """Take what is in force, and who is given new rules."""
        self._path = loaded.path
        self._content = loaded.content
        self._rules = loaded.rules
        self._apply = apply
        self._clock = clock
        self._metrics = metrics
        self._problem: str | None = None
        self._said_at = 0.0
        metrics.loaded(clock.now().timestamp())

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep(POLL_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look once."""
        try:
            content = await asyncio.to_thread(read_access_file, self._path)
            if content == self._content:
                if self._problem is not None:
                    self._accept(content, self._rules)
                return
            rules = parse_access_file(content, self._path)
        except AccessFileError as error:
            self._complain(str(error))
            return
        self._accept(content, rules)

    def _accept(self, content: bytes, rules: AccessRules) -> None:
        changed, self._content, self._rules, self._problem = rules != self._rules, content, rules, None
        self._metrics.loaded(self._clock.now().timestamp())
        log.info("the access file was read anew", extra={"file": self._path, "rulesChanged": changed})
        if changed:
            self._apply(rules)

    def _complain(self, problem: str) -> None:
        self._metrics.refused()
        now = self._clock.monotonic()
        if problem == self._problem and now - self._said_at < REMIND_SECONDS:
            return
        self._problem, self._said_at = problem, now
        log.error(
            "the access file cannot be used; the rules read before it hold on",
            extra={"file": self._path, "problem": problem},
        )
