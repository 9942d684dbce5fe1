"""Tests that mostly wait, run side by side: each keeps its own name, its own outcome and its own part of the system.

    @side_by_side
    async def test_something(tenant: Tenant): ...

The first such test of a module begins all of the module's that are selected, and each waits for its own. Between two of
them no other test may run (`bring_together`): it has an event loop of its own, and while that one runs theirs stands still,
so that whatever they wait for is too late afterwards.
"""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from support.world.tenant import Tenant

AT_ONCE = 8

Test = Callable[..., Awaitable[None]]
OpenTenant = Callable[[str], AbstractAsyncContextManager[Tenant]]
"""From a test's name to its part of the system."""


class SideBySide:
    """Runs the tests of one module; belongs to the session's event loop."""

    def __init__(self, open_tenant: OpenTenant) -> None:
        self._open_tenant = open_tenant
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def outcome(self, request: pytest.FixtureRequest) -> None:
        """Wait for the end of the asking test, and raise what it raised."""
        for item in request.session.items:
            original = _original(item)
            if original is not None and item.path == request.node.path and item.nodeid not in self._running:
                self._running[item.nodeid] = asyncio.create_task(self._run(item, original))
        await self._running[request.node.nodeid]

    async def _run(self, item: Any, original: Test) -> None:
        values = dict(item.callspec.params) if hasattr(item, "callspec") else {}
        async with self._slots, self._open_tenant(item.originalname) as tenant:
            await original(tenant=tenant, **values)


def bring_together(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests with those of a module that run side by side one after the other; else in their order."""
    first: dict[Path, int] = {}
    for index, item in enumerate(items):
        if _original(item):
            first.setdefault(item.path, index)
    places = [first[item.path] if _original(item) else index for index, item in enumerate(items)]
    return [items[index] for index in sorted(range(len(items)), key=places.__getitem__)]


def _original(item: pytest.Item) -> Test | None:
    original: Test | None = getattr(getattr(item, "function", None), "side_by_side", None)
    return original


def side_by_side(test: Test) -> Test:
    """Mark a test that takes `tenant`, and parameters if need be, but no other fixture."""

    @functools.wraps(test)
    async def wait(request: pytest.FixtureRequest, scene: SideBySide, **_: Any) -> None:
        await scene.outcome(request)

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
        for name in ("request", "scene", *inspect.signature(test).parameters)
        if name != "tenant"
    ]
    wait.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wait.side_by_side = test  # type: ignore[attr-defined]
    marked: Test = pytest.mark.asyncio(loop_scope="session")(wait)
    return marked
