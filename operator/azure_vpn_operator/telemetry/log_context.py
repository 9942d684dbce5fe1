"""Keys that every log line of a piece of work carries, without handing them through every call."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

_context: ContextVar[Mapping[str, Any]] = ContextVar("log_context", default=MappingProxyType({}))


@contextmanager
def log_context(**keys: Any) -> Iterator[None]:
    """Add these keys to each line logged in the block, and in tasks started there; inner blocks win over outer ones."""
    token = _context.set({**_context.get(), **keys})
    try:
        yield
    finally:
        _context.reset(token)


def current_log_context() -> Mapping[str, Any]:
    """Return the keys of the blocks around."""
    return _context.get()
